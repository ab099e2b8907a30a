import Foundation
import Testing

@Suite struct VerifyTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    @Test func `the replay equals the kernel at every snapshot`() throws {
        let text = try mapfray("verify", workload.log)
        #expect(text.status == 0, "\(text.text)")
        #expect(text.text.hasPrefix("The replay equals the kernel at "))
        let document = try mapfray("verify", workload.log, "--json").object
        let snapshots = try #require(document["snapshots"] as? [[String: Any]])
        #expect(snapshots.first?["loaded"] as? Bool == true)
        #expect(snapshots.count >= 2)
        #expect(snapshots.allSatisfy { $0["different"] as? Int == 0 })
        #expect(document["lost"] as? Int == 0)
    }

    @Test func `nothing to compare with is no proof`() throws {
        let scratch = try Scratch()
        _ = try mapfray("record", "--quiet", "-o", scratch.file("log"), "sh", "-c", "kill -9 $$")
        let result = try mapfray("verify", scratch.file("log"))
        #expect(result.status == 1)
        #expect(result.text.hasPrefix("There is no second snapshot to hold the replay against."))
    }
}

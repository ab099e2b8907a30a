import Foundation
import Testing

@Suite struct MapsTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    /// [stack] grows by page faults, which no call tells of, so only its end is compared.
    private func comparable(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            line.hasSuffix("[stack]") ? String(line.drop { $0 != "-" }) : String(line)
        }
    }

    @Test func `the map at an instant is the kernel's, line by line`() throws {
        let result = try mapfray("maps", workload.log, "--at", "@\(workload.instant)", "--all")
        #expect(result.status == 0)
        #expect(comparable(result.text) == comparable(workload.maps))
    }

    @Test func `without --all the tracer's own VMAs are left out, and nothing else`() throws {
        let all = comparable(workload.maps)
        let result = try mapfray("maps", workload.log, "--at", "@\(workload.instant)")
        let lines = comparable(result.text)
        #expect(lines.allSatisfy { all.contains($0) })
        #expect(!result.text.contains("libmapfray-preload"))
        #expect((1...20).contains(all.count - lines.count))
    }

    @Test func `--blame names who made and who cut`() throws {
        let result = try mapfray("maps", workload.log, "--at", "@\(workload.instant)", "--blame")
        let made = result.lines.count { $0.contains("\tmade by hold (workload) workload.c:") }
        let cut = result.lines.count { $0.contains("\tcut off by hold (workload) workload.c:") }
        #expect(made + cut >= 2 * Workload.blocks)
        #expect(cut >= Workload.blocks)
        #expect(result.lines.contains { $0.hasSuffix("\tbefore the trace") })
    }

    @Test func `the first instant has only what was there before`() throws {
        let start = try mapfray("maps", workload.log, "--at", "0")
        let end = try mapfray("maps", workload.log, "--at", "end")
        #expect(start.lines.count < 60)
        #expect(end.lines.count >= 2 * Workload.blocks)
        #expect(try mapfray("maps", workload.log, "--at", "peak").lines.count >= end.lines.count)
    }

    @Test func `a failure that did not happen is said`() throws {
        let result = try mapfray("maps", workload.log, "--at", "failure")
        #expect(result.status == 1)
        #expect(result.errors.contains("failed at a limit; use --at peak or --at end"))
        #expect(result.text.isEmpty)
    }

    @Test(arguments: ["yesterday", "-1", "@", "@x", "nan"])
    func `an instant that is none gives 64`(instant: String) throws {
        #expect(try mapfray("maps", workload.log, "--at=\(instant)").status == 64)
    }
}

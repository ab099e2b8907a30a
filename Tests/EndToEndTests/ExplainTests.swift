import Foundation
import Testing

@Suite struct ExplainTests {
    private let workload: Workload

    init() throws { workload = try Workload() }

    /// A guard page of the workload, from the list that it read itself.
    private func guardPage() throws -> Substring {
        let line = try #require(workload.maps.split(separator: "\n").first { $0.contains(" ---s ") })
        return try #require(line.split(separator: "-").first)
    }

    @Test func `a guard page was cut by its mprotect and differs in rights from both neighbours`() throws {
        let story = try mapfray("explain", workload.log, String(guardPage()), "--json").object
        #expect(story["version"] as? Int == 1)
        #expect((story["owner"] as? String)?.hasPrefix("cut off by hold (workload) workload.c:") == true)
        #expect(story["size"] as? Int == 4096)
        let calls = try #require(story["calls"] as? [[String: Any]]).compactMap { $0["call"] as? String }
        #expect(calls.count == 2)
        #expect(calls.first?.hasPrefix("mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_SHARED") == true)
        #expect(calls.last?.contains("4096, PROT_NONE) = 0") == true)
        for side in ["previous", "next"] {
            let neighbour = try #require(story[side] as? [String: Any])
            let reasons = try #require(neighbour["reasons"] as? [String])
            #expect(reasons.count == 1 && reasons[0].hasPrefix("the rights differ ("), "\(reasons)")
        }
    }

    @Test func `in plain words`() throws {
        let result = try mapfray("explain", workload.log, "0x\(guardPage())")
        #expect(result.status == 0)
        let words = result.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains("The two do not merge because the rights differ (rw-s and ---s)."))
        #expect(words.contains("Owner cut off by hold (workload) workload.c:"))
    }

    @Test func `an address in a hole names what freed it`() throws {
        let fray = try workload.scratch.compileWorkload("fray")
        let log = workload.scratch.file("holes")
        _ = try mapfray("record", "--quiet", "-o", log, "--", fray, "interior-munmap", "50")
        let freed = try mapfray("events", log).lines.first {
            $0.contains("munmap(") && $0.contains(", 8192) = 0")
        }
        let address = try #require(freed?.split(separator: "(").last?.split(separator: ",").first)
        let hole = try mapfray("explain", log, String(address), "--json").object
        #expect(hole["maps"] is NSNull)
        #expect(hole["size"] as? Int == 8192)
        #expect((hole["hole"] as? String)?.contains("by interior_munmap (fray) fray.c:") == true)
        let report = try mapfray("report", log, "--json").object
        let boundaries = try #require(report["boundaries"] as? [[String: Any]])
        #expect(boundaries.first?["reason"] as? String == "a hole")
        #expect(boundaries.first?["hole"] as? String == "interior_munmap@fray")
        #expect(boundaries.first?["count"] as? Int ?? 0 >= 49)
        let peak = (report["vmas"] as? [String: Any])?["peak"] as? Int
        #expect(boundaries.reduce(1) { $0 + ($1["count"] as? Int ?? 0) } == peak)
    }

    @Test func `no address gives 64, none of a map is said`() throws {
        #expect(try mapfray("explain", workload.log, "stack").status == 64)
        #expect(try mapfray("explain", workload.log, "0").text.contains("Nothing is mapped at 0x0."))
    }
}

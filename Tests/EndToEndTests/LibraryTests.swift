import Foundation
import Testing

/// What the tracer's library brings into a stranger's process.
@Suite struct LibraryTests {
    private func library() throws -> String {
        URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent()
            .appendingPathComponent("libmapfray-preload.so").path
    }

    @Test func `it needs libc alone`() throws {
        let needed = try run("/usr/bin/readelf", ["-d", library()]).lines.filter { $0.contains("(NEEDED)") }
        #expect(needed.count == 1)
        #expect(needed.allSatisfy { $0.contains("[libc.so.6]") }, "\(needed)")
    }

    /// And, but for weak symbols, what musl has as well: its loader must find all of them.
    @Test func `it takes from libc only what its constructor needs`() throws {
        let foreign = try run("/usr/bin/nm", ["-D", "--undefined-only", library()]).lines.compactMap { line in
            line.contains(" U ") ? line.split(separator: " ").last?.split(separator: "@").first : nil
        }
        let expected: Set<Substring> = [
            "__errno_location", "dl_iterate_phdr", "dladdr", "dlsym", "getauxval", "sysconf",
        ]
        #expect(Set(foreign).isSubset(of: expected), "\(Set(foreign).subtracting(expected))")
    }

    /// valgrind ends a program whose libraries have what it cannot read, and of DWARF 5 many versions read little.
    @Test func `its debugging information is what valgrind reads`() throws {
        let library = URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent()
            .appendingPathComponent("libmapfray-preload.so").path
        let lines = try run("/usr/bin/readelf", ["--debug-dump=info", library]).lines
        let versions = Set(
            lines.filter { $0.contains(" Version: ") }.compactMap { $0.split(separator: " ").last })
        #expect(versions == ["4"])
    }

    /// A larger one is aligned as a huge page is, and the program's memory comes to lie in the gap (mm/huge_memory.c,
    /// thp_get_unmapped_area).
    @Test func `it is smaller than a huge page`() throws {
        let segments = try run("/usr/bin/readelf", ["-lW", library()]).lines.filter { $0.contains("  LOAD ") }
        let ends = try segments.map { line in
            let fields = line.split(separator: " ")
            let numbers = try [2, 5].map { try #require(UInt64(fields[$0].dropFirst(2), radix: 16)) }
            return numbers[0] + numbers[1]
        }
        // Whole pages: the last one counts.
        #expect(try #require(ends.max()) + 4095 < 2 << 20)
    }

    @Test func `it holds at most 20 VMAs, from the first to the last`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("many-vmas")
        let recorded = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "--", program, "500", "20000")
        #expect(recorded.status == 0, "\(recorded.errors)")
        let report = try mapfray("report", scratch.file("log"), "--json").object
        let vmas = try #require(report["vmas"] as? [String: Any])
        #expect((1...20).contains(vmas["tracer"] as? Int ?? 0))
        func count(_ instant: String) throws -> Int {
            let all = try mapfray("maps", scratch.file("log"), "--at", instant, "--all").lines.count
            return try all - mapfray("maps", scratch.file("log"), "--at", instant).lines.count
        }
        #expect(try count("0") == count("end"))
        #expect(try count("end") == vmas["tracer"] as? Int)
    }
}

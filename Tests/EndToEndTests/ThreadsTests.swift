import Foundation
import Testing

/// Threads whose calls overlap in time: their order is found from the answers, and from what the kernel was asked.
@Suite struct ThreadsTests {
    /// A minute where MAPFRAY_LONG_TESTS is set; it shows no more than three seconds do, only more often.
    private static let seconds = ProcessInfo.processInfo.environment["MAPFRAY_LONG_TESTS"] == nil ? "3" : "60"

    private func comparable(_ lines: some Sequence<Substring>) -> [String] {
        lines.compactMap(MapsLines.comparable)
    }

    @Test func `eight threads that map and unmap at full speed leave the kernel's map`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("threads-storm", ["-pthread"])
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program, Self.seconds, "8", "apart")
        #expect(recorded.status == 0, "\(recorded.errors)")
        let instant = try #require(recorded.lines.first)
        let replayed = try mapfray("maps", log, "--all", "--at", "@\(instant)")
        #expect(comparable(replayed.lines) == comparable(recorded.lines.dropFirst()))
        #expect(replayed.lines.count > 200)
    }
}

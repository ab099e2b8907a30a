import Foundation
import Testing

/// A small `tools/bench forecast`: what the forecast claims must hold on series whose end is known.
struct CalibrationTests {
    /// The line of a group: error at half life, share of truths in the range, false alarms; per cent.
    private func line(_ group: String, of output: String) throws -> (
        error: Double, held: Double, alarms: Double?
    ) {
        let line = try #require(
            output.split(separator: "\n").first { $0.hasPrefix("\(group) ") && $0.contains("mapfray") })
        let shares = line.split(separator: " %").map { Double($0.split(separator: " ").last ?? "") }
        try #require(shares.count >= 5)
        return (try #require(shares[0]), try #require(shares[2]), shares[4])
    }

    @Test func `the ranges hold what they claim, and few warnings are false`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("ForecastBench")
        process.arguments = ["tuned", "4"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let output = String(decoding: data, as: UTF8.self)
        #expect(process.terminationStatus == 0)
        #expect(try line("leaks", of: output).error < 5)
        let all = try line("all", of: output)
        #expect(all.held >= 80 && all.held <= 97)
        #expect(try #require(all.alarms) < 3)
    }
}

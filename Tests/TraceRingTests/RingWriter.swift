import Foundation
import Testing

/// Runs the ring-writer program in a scratch folder of its own, which goes away with it.
final class RingWriter {
    let folder: URL
    var log: String { folder.appendingPathComponent("log.mapfray").path }

    struct Failed: Error { var status: Int32 }

    init(in parent: URL = FileManager.default.temporaryDirectory) throws {
        folder = parent.appendingPathComponent("ring-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Where the package's products lie: the folder of the running test program.
    static var program: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("RingWriter")
    }

    /// What the writers believe: records begun by each, how many the ring refused, how often errno changed.
    struct Belief {
        var begun: [UInt64]
        var refused: UInt64
        var errnoChanged: UInt64
    }

    func process(
        _ scenario: String, _ first: UInt64, _ second: UInt64 = 0, ring: UInt64 = 256 << 10,
        segment: UInt64 = 32 << 10,
        mode: String = "spill"
    ) -> Process {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = [log, "\(ring)", "\(segment)", mode, scenario, "\(first)", "\(second)"]
        return process
    }

    func run(_ process: Process) throws -> Belief {
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failed(status: process.terminationStatus)
        }
        let numbers = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap
        { UInt64($0) }
        try #require(numbers.count == 18)
        return Belief(begun: Array(numbers[..<16]), refused: numbers[16], errnoChanged: numbers[17])
    }
}

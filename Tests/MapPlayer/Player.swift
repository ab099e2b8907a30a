import Foundation

/// Runs the map player, which is compiled once for all tests and removed when the process ends.
package enum Player {
    package struct Failure: Error, CustomStringConvertible { package var description: String }

    private static let folder = URL(fileURLWithPath: NSTemporaryDirectory())
        .appendingPathComponent("mapfray-player-\(ProcessInfo.processInfo.processIdentifier)")
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let program = Result { try compile() }

    private static func compile() throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: Player.folder) }
        let program = folder.appendingPathComponent("map-player")
        let arguments = [
            "-std=gnu11", "-O1", "-static", "-I",
            root.appendingPathComponent("Sources/TraceFormat/include").path,
            "-o", program.path, root.appendingPathComponent("tools/workloads/map-player.c").path,
        ]
        guard try run("/usr/bin/cc", arguments).status == 0 else { throw Failure(description: "cc failed") }
        return program
    }

    private static func run(
        _ path: String, _ arguments: [String], input: URL? = nil
    ) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let input { process.standardInput = try FileHandle(forReadingFrom: input) }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    /// Plays a script and returns what the kernel did; `withLines`: with the text of every line of the map.
    package static func play(_ script: Script, withLines: Bool = true) throws -> Recording {
        let program = try program.get()
        let input = folder.appendingPathComponent("script-\(UUID().uuidString)")
        try Data(script.text.utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let result = try run(program.path, [], input: input)
        guard result.status == 0 else {
            throw Failure(description: "map-player exited with \(result.status)")
        }
        return Recording(result.output, withLines: withLines)
    }
}

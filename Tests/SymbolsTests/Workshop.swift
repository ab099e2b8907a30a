import Foundation

/// A folder of its own for one test, removed with it, and the tools to fill it.
final class Workshop {
    let path: String

    init() throws {
        let template = FileManager.default.temporaryDirectory.path + "/mapfray-symbols-XXXXXX"
        var name = Array(template.utf8CString)
        guard mkdtemp(&name) != nil else { throw ToolFailure(command: "mkdtemp", output: template) }
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws -> String {
        let folder = URL(fileURLWithPath: file(name)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
        return file(name)
    }

    /// Compiles `source` and returns the path of the result.
    func compile(_ source: Source, _ flags: [String], by compiler: String? = nil, as name: String = "program")
        throws
        -> String
    {
        let input = try write(source.text, to: source.name)
        try run([compiler ?? source.compiler] + flags + ["-o", file(name), input])
        return file(name)
    }
}

struct ToolFailure: Error, CustomStringConvertible {
    var command: String
    var output: String
    var description: String { "\(command) failed: \(output)" }
}

/// Runs a program found in PATH, with `input` on its stdin; returns its stdout.
@discardableResult
func run(_ command: [String], input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    // Some of the tools would ask the network too.
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "DEBUGINFOD_URLS" }
    let (stdin, stdout) = (try scratch(containing: input), try scratch())
    defer { [stdin, stdout].forEach { try? FileManager.default.removeItem(at: $0) } }
    process.standardInput = try FileHandle(forReadingFrom: stdin)
    process.standardOutput = try FileHandle(forWritingTo: stdout)
    process.standardError = try FileHandle(forWritingTo: stdout)
    try process.run()
    process.waitUntilExit()
    let output = String(decoding: try Data(contentsOf: stdout), as: UTF8.self)
    guard process.terminationStatus == 0 else {
        throw ToolFailure(command: command.joined(separator: " "), output: output)
    }
    return output
}

/// Files instead of pipes: neither side ever waits for the other.
private func scratch(containing text: String = "") throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("mapfray-" + UUID().uuidString)
    try Data(text.utf8).write(to: url)
    return url
}

func isInstalled(_ tool: String) -> Bool {
    (try? run(["sh", "-c", "command -v \(tool)"])) != nil
}

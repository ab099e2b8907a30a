import Foundation

/// A command that could not be run, or did not end with status 0.
struct CommandFailed: Error, CustomStringConvertible {
    var command: String
    var status: Int32
    var output: String

    var description: String { "\(command): status \(status)\n\(output)" }
}

/// Compiles the test programs together with the unwinder's own sources, in a folder of its own.
struct ProgramBuilder {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let programs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Programs")

    let folder: URL

    /// The compiled unwinder in its folder serves every test of the run.
    static let shared: Result<ProgramBuilder, any Error> = {
        atexit {
            if let builder = try? ProgramBuilder.shared.get() {
                try? FileManager.default.removeItem(at: builder.folder)
            }
        }
        return Result { try ProgramBuilder() }
    }()

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("unwind-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for source in try Self.unwinderSources() {
            try compileUnwinder(source)
        }
    }

    static func unwinderSources() throws -> [URL] {
        try FileManager.default
            .contentsOfDirectory(
                at: package.appendingPathComponent("preload/unwind"), includingPropertiesForKeys: nil
            )
            .filter { $0.pathExtension == "c" }
    }

    func object(of source: URL) -> String {
        folder.appendingPathComponent(source.lastPathComponent + ".o").path
    }

    private func compileUnwinder(_ source: URL) throws {
        let include = Self.package.appendingPathComponent("preload/unwind/include").path
        try run(
            "cc",
            [
                "-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-ftls-model=initial-exec",
                "-fno-stack-protector", "-mgeneral-regs-only", "-I", include, "-c", source.path, "-o",
                object(of: source),
            ])
    }

    /// Compiles a program of Programs/ and returns the executable's path.
    func build(_ source: String, _ flags: [String] = ["-O2"], link: [String] = []) throws -> String {
        let result = folder.appendingPathComponent("\(source)-\(UUID().uuidString)").path
        let isCxx = source.hasSuffix(".cpp")
        try run(
            isCxx ? "c++" : "cc",
            [isCxx ? "-std=c++17" : "-std=gnu11", "-g", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]
                + flags + [Self.programs.appendingPathComponent(source).path]
                + (try Self.unwinderSources().map(object(of:)))
                + ["-Wl,-z,lazy"] + link + ["-lunwind", "-lpthread", "-ldl", "-o", result])
        return result
    }

    /// Compiles a shared library out of Programs/ and returns its path.
    func buildLibrary(_ source: String, _ flags: [String] = []) throws -> String {
        let result = folder.appendingPathComponent("lib\(UUID().uuidString).so").path
        try run(
            "cc",
            ["-O2", "-fPIC", "-shared"] + flags
                + [Self.programs.appendingPathComponent(source).path, "-o", result])
        return result
    }

    /// Runs a command, at most a minute, and returns what it printed.
    @discardableResult
    func run(_ command: String, _ arguments: [String] = []) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "60", command] + arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw CommandFailed(
                command: ([command] + arguments).joined(separator: " "), status: process.terminationStatus,
                output: output)
        }
        return output
    }
}

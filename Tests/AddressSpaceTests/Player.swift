import AddressSpace
import Foundation
import TraceLog

/// Runs the map player, which is compiled once for all tests.
enum Player {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private static let folder = URL(fileURLWithPath: NSTemporaryDirectory())
        .appendingPathComponent("mapfray-player-\(ProcessInfo.processInfo.processIdentifier)")
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let program = Result { try compile() }

    private static func compile() throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
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

    /// Plays a script and returns what the kernel did.
    static func play(_ script: Script) throws -> Recording {
        let program = try program.get()
        let input = folder.appendingPathComponent("script-\(UUID().uuidString)")
        try Data(script.text.utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let result = try run(program.path, [], input: input)
        guard result.status == 0 else {
            throw Failure(description: "map-player exited with \(result.status)")
        }
        return Recording(result.output)
    }
}

/// What the player told: the steps of its script, each with the map after it.
struct Recording {
    struct Step {
        var letter: Character
        var number: UInt64
        var arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
        var result: UInt64
        var error: UInt16
        /// Nil where the script asked for none.
        var vmas: [Snapshot.VMA]?
        /// The lines of the map, as the kernel prints them.
        var lines: [String]
    }

    private(set) var steps: [Step] = []
    private(set) var definitions = Definitions()
    private var files: [FileFacts: FileID] = [:]

    private static let stepSize = 11 * 8
    private static let vmaSize = 6 * 8 + 152

    init(_ data: Data) {
        data.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count { readStep(bytes, &offset) }
        }
    }

    private mutating func readStep(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) {
        let base = offset
        let word = { (index: Int) in bytes.loadUnaligned(fromByteOffset: base + 8 * index, as: UInt64.self) }
        var step = Step(
            letter: Character(UnicodeScalar(UInt8(word(0)))), number: word(1),
            arguments: (word(2), word(3), word(4), word(5), word(6), word(7)), result: word(8),
            error: UInt16(word(9)), vmas: nil, lines: [])
        let count = word(10)
        offset += Self.stepSize
        if count != .max { readVMAs(bytes, &offset, Int(count), &step) }
        steps.append(step)
    }

    private mutating func readVMAs(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ count: Int, _ step: inout Step
    ) {
        var vmas: [Snapshot.VMA] = []
        vmas.reserveCapacity(count)
        for _ in 0..<count {
            let base = offset
            let word = { (index: Int) in
                bytes.loadUnaligned(fromByteOffset: base + 8 * index, as: UInt64.self)
            }
            // Names in a map at the limit do not matter to any test, and cost most of its time.
            let textSize = count > 5000 ? 0 : Self.vmaSize - 48
            let text = bytes[(base + 48)..<(base + 48 + textSize)].prefix { $0 != 0 }
            let line = String(decoding: text, as: UTF8.self)
            let name = line.utf8.count > 73 ? String(line.dropFirst(73)) : ""
            vmas.append(
                Snapshot.VMA(
                    start: word(0), end: word(1), flags: word(2), offset: word(3), device: word(4),
                    inode: word(5),
                    file: file(name, word(4), word(5))))
            step.lines.append(line)
            offset += Self.vmaSize
        }
        step.vmas = vmas
    }

    private mutating func file(_ name: String, _ device: UInt64, _ inode: UInt64) -> FileID {
        if name.isEmpty { return .none }
        let facts = FileFacts(device: device, inode: inode, path: name)
        if let known = files[facts] { return known }
        let file = definitions.add(file: facts)
        files[facts] = file
        return file
    }
}

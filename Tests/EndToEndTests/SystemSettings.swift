import Foundation
import MapPlayer
import Testing

/// vm.overcommit_memory, which holds for the whole machine.
enum Overcommit {
    private static let mode = "/proc/sys/vm/overcommit_memory", ratio = "/proc/sys/vm/overcommit_ratio"

    /// Whether it may be set, and is not what a test would set: tried with the value it has.
    static var canBeSet: Bool {
        guard let now = try? value(mode), now != 2, (try? value("/proc/sys/vm/overcommit_kbytes")) == 0 else {
            return false
        }
        return (try? set(mode, now)) != nil
    }

    private static func value(_ path: String) throws -> Int {
        let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        guard let value = Int(text) else { throw Unexpected("\(path) holds \(text)") }
        return value
    }

    private static func set(_ path: String, _ value: Int) throws {
        guard let file = FileHandle(forWritingAtPath: path) else { throw Unexpected("cannot open \(path)") }
        try file.write(contentsOf: Data(String(value).utf8))
        try file.close()
    }

    /// Lets the kernel count all memory, against a limit so high that it hurts no other program.
    static func never<Result>(above bytes: Int, _ body: () throws -> Result) throws -> Result {
        let lines = try String(contentsOfFile: "/proc/meminfo", encoding: .utf8).split(separator: "\n")
        guard
            let memory = lines.first.flatMap({ $0.split(separator: " ").dropFirst().first }).flatMap({
                Int($0)
            })
        else { throw Unexpected("no MemTotal") }
        return try SystemSettings.alone {
            let before = (mode: try value(mode), ratio: try value(ratio))
            try set(ratio, bytes / 1024 / memory * 100)
            defer {
                try? set(mode, before.mode)
                try? set(ratio, before.ratio)
            }
            try set(mode, 2)
            return try body()
        }
    }
}

/// A control group of version 1, removed with the test.
final class ControlGroup: Sendable {
    private let path: String

    static func isThere(_ controller: String) -> Bool { (try? ControlGroup(controller, [:])) != nil }

    init(_ controller: String, _ settings: [String: String]) throws {
        path = "/sys/fs/cgroup/\(controller)/mapfray-\(UUID().uuidString)"
        guard mkdir(path, 0o755) == 0 else { throw Unexpected("cannot make \(path)") }
        for (name, value) in settings {
            guard let file = FileHandle(forWritingAtPath: "\(path)/\(name)") else {
                throw Unexpected("no \(name)")
            }
            try file.write(contentsOf: Data(value.utf8))
            try file.close()
        }
        guard FileManager.default.fileExists(atPath: path + "/cgroup.procs") else {
            throw Unexpected("\(path) is no control group")
        }
    }

    /// What a shell says to become its member.
    var join: String { "echo $$ >\(path)/cgroup.procs" }

    deinit {
        for _ in 0..<50 where rmdir(path) != 0 && errno == EBUSY { usleep(20_000) }
    }
}

/// Names that programs give to anonymous memory.
enum RangeNames {
    static let whySkipped: Comment =
        "this kernel keeps no names of anonymous memory (CONFIG_ANON_VMA_NAME): prctl refuses them"

    /// Whether the kernel keeps them: tried.
    static func areKept() throws -> Bool {
        let scratch = try Scratch()
        let fray = try scratch.compileWorkload("fray", ["-pthread"])
        let result = try withExtendedLifetime(scratch) { try run(fray, ["named-ranges", "1"]) }
        guard result.status == 0 || result.errors.contains("Invalid argument") else {
            throw Unexpected(result.errors)
        }
        return result.status == 0
    }
}

import Foundation
import MapPlayer
import Testing

/// vm.max_map_count, changed for as long as a closure runs.
enum MapLimit {
    private static let path = "/proc/sys/vm/max_map_count"
    /// The kernel's default, under which the low recordings are made: no other program is hurt by it.
    static let usual = 65530

    static let whySkipped: Comment = "vm.max_map_count may not be set here (it takes the host's root)"

    /// Whether this process may set it: tried with the value it has.
    static var canBeSet: Bool {
        guard let now = try? value() else { return false }
        return (try? set(now)) != nil
    }

    static func value() throws -> Int {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Unexpected("\(path) holds \(text)")
        }
        return value
    }

    private static func set(_ value: Int) throws {
        guard let file = FileHandle(forWritingAtPath: path) else { throw Unexpected("cannot open \(path)") }
        try file.write(contentsOf: Data(String(value).utf8))
        try file.close()
    }

    /// Restores what was there before, also where `body` throws.
    static func with<Result>(_ limit: Int, _ body: () throws -> Result) throws -> Result {
        try SystemSettings.alone {
            let before = try value()
            try set(limit)
            defer { try? set(before) }
            return try body()
        }
    }
}

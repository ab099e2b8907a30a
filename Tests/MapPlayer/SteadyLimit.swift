import Foundation

/// vm.max_map_count while no test changes it or another setting of the whole machine.
package enum SteadyLimit {
    package struct Unreadable: Error {}

    /// Runs `body` with the limit's value; those that change settings wait (Tests/EndToEndTests/SystemSettings.swift), and
    /// are waited for.
    package static func with<Result>(_ body: (Int) throws -> Result) throws -> Result {
        let lock = open("/tmp/mapfray-max_map_count.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Unreadable() }
        defer { close(lock) }
        guard flock(lock, LOCK_SH) == 0 else { throw Unreadable() }
        let text = try String(contentsOfFile: "/proc/sys/vm/max_map_count", encoding: .utf8)
        let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let limit = Int(digits) else { throw Unreadable() }
        return try body(limit)
    }
}

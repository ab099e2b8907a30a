import Foundation

/// Settings of the whole machine, which some tests change: those who do are alone, and those whom a change would mislead
/// wait for them.
package enum SystemSettings {
    package struct Unlockable: Error {}

    /// While no other test changes a setting, nor relies on any.
    package static func alone<Result>(_ body: () throws -> Result) throws -> Result {
        try locked(LOCK_EX, body)
    }

    /// While nobody changes a setting.
    package static func steady<Result>(_ body: () throws -> Result) throws -> Result {
        try locked(LOCK_SH, body)
    }

    private static func locked<Result>(_ kind: Int32, _ body: () throws -> Result) throws -> Result {
        let lock = open("/tmp/mapfray-max_map_count.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Unlockable() }
        defer { close(lock) }
        guard flock(lock, kind) == 0 else { throw Unlockable() }
        return try body()
    }
}

/// vm.max_map_count while no test changes it or another setting of the whole machine.
package enum SteadyLimit {
    package struct Unreadable: Error {}

    /// Runs `body` with the limit's value.
    package static func with<Result>(_ body: (Int) throws -> Result) throws -> Result {
        try SystemSettings.steady {
            let text = try String(contentsOfFile: "/proc/sys/vm/max_map_count", encoding: .utf8)
            let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let limit = Int(digits) else { throw Unreadable() }
            return try body(limit)
        }
    }
}

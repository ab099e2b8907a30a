import MapPlayer
import Testing

/// Calls over several VMAs that a shortage of memory ends part-way, which no rule about the map foresees.
@Suite struct `Shortage of memory` {
    /// More than the kernel promises (vm.overcommit_memory 0 or 2).
    private static let tooMany = 1 << 30

    /// RLIMIT_DATA (2) or RLIMIT_AS (9) of one page, below all that is there: nothing more that counts fits.
    private static func limit(_ resource: Int, _ script: inout Script) {
        script.line("v 50 4096")
        script.line("v 51 \(UInt64.max)")
        script.line("c 302 0 \(resource) &50 0")
    }

    @Test func `mprotect ends at the VMA for which no memory is promised`() throws {
        let size = UInt64(Self.tooMany) * 4096
        try Replay.run(.observed, errors: [12]) {
            $0.map(0, 10, Script.Rights.read)
            $0.map(10, 5, Script.Rights.exec)
            $0.map(15, 5, Script.Rights.read)
            $0.call(9, Script.address(20), size, 0, 0x32, .max, 0)
            $0.map(20 + Self.tooMany, 10, Script.Rights.read)
            $0.call(10, Script.address(0), size + 30 * 4096, 3)
        }
    }

    @Test func `mprotect ends there also before a hole`() throws {
        let size = UInt64(Self.tooMany) * 4096
        try Replay.run(.observed, errors: [12, 12]) {
            $0.map(0, 10, Script.Rights.read)
            $0.call(9, Script.address(10), size, 0, 0x32, .max, 0)
            $0.call(10, Script.address(0), size + 30 * 4096, 3)
            $0.map(12 + Self.tooMany, 4, Script.Rights.read)
            $0.call(10, Script.address(0), size + 14 * 4096, 3)
        }
    }

    @Test func `mprotect ends at the VMA that RLIMIT_DATA has no room for`() throws {
        try Replay.run(.observed, errors: [12]) {
            $0.map(0, 4, Script.Rights.read, type: Script.Map.shared)
            $0.map(4, 4, Script.Rights.exec, type: Script.Map.shared)
            $0.map(8, 4, Script.Rights.read)
            $0.map(12, 4, Script.Rights.exec)
            Self.limit(2, &$0)
            $0.call(10, Script.address(2), 12 * 4096, 3)
        }
    }

    @Test func `a move that may not grow leaves what lies amid its destination`() throws {
        try Replay.run(.observed, maxMapCount: 65530, errors: [12, 12]) {
            $0.map(0, 1)
            $0.map(30, 1, Script.Rights.read)
            $0.map(50, 40, Script.Rights.read)
            Self.limit(9, &$0)
            $0.remap(0, 1, to: 24, at: 20)
            $0.remap(0, 1, to: 24, at: 60)
        }
    }

    /// What is not writable counts not below RLIMIT_DATA.
    @Test func `a move that leaves its source ends at the VMA that RLIMIT_DATA has no room for`() throws {
        try Replay.run(.observed, maxMapCount: 65530, errors: [12, 12]) {
            $0.map(0, 4, Script.Rights.read)
            $0.map(4, 4, Script.Rights.exec)
            $0.map(8, 4)
            $0.map(12, 4, Script.Rights.read)
            $0.map(100, 30, Script.Rights.none)
            Self.limit(2, &$0)
            $0.remap(2, 12, to: 12, at: 50, keeping: true)
            $0.remap(2, 12, to: 12, at: 110, keeping: true)
        }
    }
}

import MapPlayer
import Testing

/// What `tools/fuzz replay` once showed of calls that the kernel refused, cut down to what shows it.
@Suite struct `Refusals found by fuzzing` {
    @Test func `mprotect refused by the first VMA leaves no empty one`() throws {
        try Replay.run(errors: [13]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.line("c 30 $0 \(Script.address(0)) 0x1000")
            $0.line("c 31 $0 0 0")
            $0.protect(2, 2, Script.Rights.write)
        }
    }

    @Test func `mlock stops writing at a guard, and writes what lies before a file`() throws {
        try Replay.run(.told, errors: [12]) {
            $0.call(9, Script.address(0), 32768, 3, 0x32, .max, 0)
            $0.advise(4, 1, 102)
            $0.lock(2, 4)
            $0.call(10, Script.address(0), 32768, 1)
        }
    }

    @Test func `guards pass over a sealed file, and stop at sealed anonymous memory`() throws {
        try Replay.run(.told, errors: [1]) {
            $0.line("o 0 /proc/self/exe")
            $0.map(4, 8, Script.Rights.exec)
            $0.mapFile(2, 8, descriptor: 3, offset: 0)
            $0.call(462, Script.address(9), 2 * 4096, 0)
            $0.advise(7, 5, 102)
        }
    }

    @Test func `a seal stops SHM_REMAP, shrinking, and advice that discards, behind the first split`() throws
    {
        try Replay.run(errors: [1, 1, 1]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.map(0, 12, Script.Rights.read)
            $0.call(462, Script.address(8), 8192, 0)
            $0.line("c 30 $0 \(Script.address(5)) 0x4000")
            $0.line("c 31 $0 0 0")
            $0.remap(2, 8, to: 1)
            $0.advise(6, 4, 18)
        }
    }

    @Test func `a move of several VMAs that one refuses has moved those before it`() throws {
        try Replay.run(errors: [14, 1]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.map(0, 4)
            $0.map(4, 2, Script.Rights.read)
            $0.line("c 30 $0 \(Script.address(6)) 0")
            $0.line("c 31 $0 0 0")
            $0.remap(0, 10, to: 10, at: 40)
            $0.map(100, 4)
            $0.map(104, 4, Script.Rights.read)
            $0.call(462, Script.address(104), 4096, 0)
            $0.remap(100, 6, to: 6, at: 140)
        }
    }

    /// memfd_secret; where there is none all that is there may be executed.
    @Test func `a file that may not be executed stops mprotect, and not the hole behind it`() throws {
        try Replay.run(.observed, errors: nil) {
            $0.line("c 447 0")
            $0.line("s 0")
            $0.line("c 77 $0 16384")
            $0.map(0, 4)
            $0.line("c 9 \(Script.address(2)) 8192 3 17 $0 0")
            $0.protect(1, 7, Script.Rights.all)
        }
    }

    @Test func `mprotect changes every VMA before the one that may not be executed`() throws {
        try Replay.run(.observed, errors: nil) {
            $0.line("c 447 0")
            $0.line("s 0")
            $0.line("c 77 $0 16384")
            $0.map(0, 4)
            $0.map(4, 2, Script.Rights.read, flags: Script.Map.noReserve)
            $0.map(6, 2, Script.Rights.all)
            $0.line("c 9 \(Script.address(8)) 8192 3 17 $0 0")
            $0.map(10, 2, Script.Rights.all)
            $0.protect(1, 11, Script.Rights.all)
        }
    }

    @Test func `a home node is set up to the first VMA whose policy has none`() throws {
        try Replay.run(errors: [95]) {
            $0.call(9, Script.address(15), 16 * 4096, 5, 0x32, .max, 0)
            $0.line("c 237 \(Script.address(25)) 24576 3 &0 64 0")
            $0.line("c 237 \(Script.address(17)) 16384 2 &0 64 0")
            $0.call(450, Script.address(18), 9 * 4096, 0, 0)
        }
    }

    @Test func `before a VMA that refuses mprotect its neighbours have become one`() throws {
        try Replay.run(.observed, errors: [12, 13]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.call(9, Script.address(76), 10 * 4096, 0, 50, .max, 0)
            $0.call(10, Script.address(82), 10 * 4096, 3)
            $0.call(9, Script.address(74), 9 * 4096, 3, 50, .max, 0)
            $0.call(10, Script.address(80), 6 * 4096, 1)
            $0.call(149, Script.address(78), 5 * 4096)
            $0.line("c 30 $0 \(Script.address(86)) 20480")
            $0.call(10, Script.address(75), 9 * 4096, 0)
            $0.call(10, Script.address(77), 11 * 4096, 3)
        }
    }

    /// Its piece becomes a part of what lies around the destination, where the kernel then shows what was there before.
    @Test func `a move that a segment refuses has moved what lies before it`() throws {
        try Replay.run(.observed, errors: [14]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.line("c 30 $0 \(Script.address(87)) 20480")
            $0.call(9, Script.address(80), 9 * 4096, 3, 50, .max, 0)
            $0.call(9, Script.address(28), 10 * 4096, 3, 50, .max, 0)
            $0.call(25, Script.address(88), 10 * 4096, 10 * 4096, 3, Script.address(32))
        }
    }

    /// A mount where nothing may be executed is looked at before, by the same errno.
    @Test func `over a seal a file that may not be executed cuts nothing`() throws {
        try Replay.run(.observed, errors: [1]) {
            $0.line("c 447 0")
            $0.line("c 77 3 \(16 * Script.page)")
            $0.map(0, 8, type: Script.Map.shared)
            $0.map(8, 4)
            $0.call(462, Script.address(9), 2 * 4096, 0)
            $0.call(9, Script.address(2), 10 * 4096, 5, 17, 3, 0)
        }
    }

    /// Of what may not be executed READ_IMPLIES_EXEC makes no more than is asked for: the rights that it has already.
    @Test func `mprotect goes over what has its rights already`() throws {
        try Replay.run(.observed, errors: [12]) {
            $0.line("c 447 0")
            $0.line("c 77 3 \(16 * Script.page)")
            $0.call(135, 0x40_0000)
            $0.map(3, 6)
            $0.call(9, Script.address(0), 5 * 4096, 3, 17, 3, 0)
            $0.call(9, Script.address(6), 3 * 4096, 1, 0x2_0032, .max, 0)
            $0.call(10, Script.address(3), 12 * 4096, 3)
        }
    }

    @Test func `a mapping refused in a hole takes nothing of what lies behind the hole`() throws {
        try Replay.run(.observed, errors: [22]) {
            $0.fill(4)
            $0.map(0, 2)
            $0.call(9, Script.address(10), 4096, 3, 0x131, .max, 0)
        }
    }
}

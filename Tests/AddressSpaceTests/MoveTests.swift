import MapPlayer
import Testing

@Suite struct `Moving and resizing` {
    @Test func `shrinking cuts the tail or leaves a hole`() throws {
        try Replay.run {
            $0.map(0, 12)
            $0.remap(0, 12, to: 10)
            $0.remap(2, 4, to: 2)
            $0.remap(6, 4, to: 4)
        }
    }

    @Test func `growing in place merges with what follows`() throws {
        try Replay.run(errors: [12, 12]) {
            $0.map(0, 4)
            $0.map(8, 4)
            $0.remap(0, 4, to: 6)
            $0.remap(2, 4, to: 6)
            $0.map(20, 4, Script.Rights.read)
            $0.map(28, 4, Script.Rights.read)
            $0.remap(20, 4, to: 8)
            $0.map(40, 4)
            $0.protect(42, 4, Script.Rights.none)
            $0.remap(40, 2, to: 4)
        }
    }

    @Test func `a written VMA keeps its pgoff, an unwritten one takes the new place`() throws {
        try Replay.run {
            $0.map(0, 4)
            $0.map(20, 4)
            $0.map(28, 4)
            $0.remap(0, 4, to: 4, at: 24)
            $0.remap(24, 4, to: 4, at: 0)
            $0.map(100, 4, Script.Rights.read)
            $0.map(120, 4, Script.Rights.read)
            $0.read(100, 4)
            $0.remap(100, 4, to: 4, at: 124)
        }
    }

    /// The kernel tells the offset of what has a file: what was not written has that of its new place.
    @Test func `private /dev/zero that was not written takes the new place, and merges there`() throws {
        try Replay.run(.observed) {
            $0.open("/dev/zero", flags: 2)
            $0.call(9, Script.address(0), 4 * 4096, Script.Rights.write, 0x12, 3, 0)
            $0.call(25, Script.address(1), 2 * 4096, 2 * 4096, 3, Script.address(101))
            $0.call(25, Script.address(3), 4096, 4096, 3, Script.address(103))
            $0.call(25, Script.address(0), 4096, 4096, 3, Script.address(100))
            $0.mapFile(20, 4, Script.Rights.write, descriptor: 3, offset: 0)
            $0.remap(20, 4, to: 4, at: 120)
        }
    }

    @Test func `moving the middle of a VMA into the middle of another`() throws {
        try Replay.run {
            $0.map(0, 12)
            $0.map(100, 12, Script.Rights.read)
            $0.remap(4, 4, to: 4, at: 104)
            $0.remap(1, 2, to: 2, at: 9)
        }
    }

    @Test func `moving beside oneself`() throws {
        try Replay.run {
            $0.map(0, 4, Script.Rights.read)
            $0.remap(0, 2, to: 2, at: 4)
            $0.map(20, 4)
            $0.remap(20, 2, to: 2, at: 24)
            $0.map(40, 8, Script.Rights.read)
            $0.unmap(44, 1)
            $0.remap(46, 1, to: 1, at: 44)
        }
    }

    @Test func `moving with another size`() throws {
        try Replay.run {
            $0.map(0, 8)
            $0.remap(0, 4, to: 6, at: 100)
            $0.remap(4, 4, to: 2, at: 106)
            $0.map(200, 4, Script.Rights.read)
            $0.map(300, 4, Script.Rights.read)
            $0.remap(200, 4, to: 8, at: 304)
        }
    }

    @Test func `old size 0 duplicates shared memory and refuses private`() throws {
        try Replay.run(errors: [22]) {
            $0.map(0, 8, type: Script.Map.shared)
            $0.remap(2, 0, to: 4, at: 8)
            $0.remap(0, 0, to: 8, at: 100)
            $0.map(20, 4)
            $0.remap(20, 0, to: 4, at: 50)
        }
    }

    @Test func `MREMAP_DONTUNMAP leaves the source unwritten and unlocked`() throws {
        try Replay.run {
            $0.map(0, 4)
            $0.remap(0, 4, to: 4, at: 100, keeping: true)
            $0.map(4, 4)
            $0.map(20, 8)
            $0.remap(22, 2, to: 2, at: 120, keeping: true)
            $0.map(40, 4, flags: Script.Map.locked)
            $0.remap(40, 4, to: 4, at: 140, keeping: true)
            $0.map(60, 4, Script.Rights.read)
            $0.remap(60, 4, to: 4, at: 64, keeping: true)
        }
    }

    @Test func `several VMAs move at once and keep their gaps`() throws {
        try Replay.run(errors: [14]) {
            $0.map(0, 2)
            $0.map(2, 2, Script.Rights.read)
            $0.map(6, 2)
            $0.remap(0, 8, to: 8, at: 100)
            $0.map(98, 2)
            $0.remap(100, 8, to: 6, at: 200)
        }
    }

    @Test func `the kernel chooses the place`() throws {
        try Replay.run {
            $0.map(0, 4)
            $0.map(4, 4, Script.Rights.read)
            $0.call(25, Script.area, 4 * 4096, 8 * 4096, 1)
            $0.call(9, 0, 8 * 4096, 3, 0x8022, .max, 0)
            $0.call(9, 0, 8 * 4096, 3, 0x8022, .max, 0)
            $0.call(9, 0, 8 * 4096, 0, 0x22, .max, 0)
        }
    }

    @Test func `brk grows and shrinks, within a page and over many`() throws {
        let recording = try Replay.run { script in
            script.line("c 12 0")
            script.line("s 1")
            for distance in [100, 4096, 10 * 4096, 6 * 4096 + 1, 20 * 4096, 0, 4096, 8 * 4096] {
                script.line("b $1 \(distance)")
            }
        }
        let breaks = Set(recording.steps.filter { $0.number == 12 }.map(\.result))
        #expect(breaks.count == 7)
    }

    @Test func `brk grows over memory that was never written`() throws {
        try Replay.run(.told) { script in
            script.line("c 12 0")
            script.line("s 1")
            script.line("b $1 40960")
            script.line("b $1 8192")
            script.line("b $1 81920")
        }
    }

    @Test func `brk grows, shrinks and meets a mapping beside the heap`() throws {
        try Replay.run { script in
            script.line("c 12 0")
            script.line("s 0")
            script.line("c 12 0x40000000000")
            script.line("c 12 $0")
            script.call(151, 2)
            script.line("c 12 0")
        }
    }

    /// Of which its rights say that nobody can have.
    @Test func `zeros that were written through their process's file keep their offset`() throws {
        try Replay.run(.observed) {
            $0.open("/dev/zero", flags: 0)
            $0.line("s 0")
            $0.open("/proc/self/mem", flags: 2)
            $0.line("s 1")
            $0.line("c 9 \(Script.address(0)) 16384 1 18 $0 36864")
            $0.line("c 9 \(Script.address(10)) 16384 1 18 $0 36864")
            $0.line("c 18 $1 &0 1 \(Script.address(1))")
            $0.remap(0, 4, to: 4, at: 100)
            $0.remap(10, 4, to: 4, at: 110)
        }
    }
}

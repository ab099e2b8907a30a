import MapPlayer
import Testing

/// What `tools/fuzz replay` once showed, cut down to what shows it.
@Suite struct `Found by fuzzing` {
    @Test func `MADV_POPULATE_WRITE writes up to a hole, and up to what cannot be written`() throws {
        try Replay.run(.told, errors: [12, 22]) {
            $0.call(9, Script.address(0), 32768, 3, 0x32, .max, 0)
            $0.advise(4, 8, 23)
            $0.protect(0, 8, Script.Rights.read)
            $0.call(9, Script.address(20), 32768, 3, 0x32, .max, 0)
            $0.call(10, Script.address(24), 4096, 1)
            $0.advise(20, 8, 23)
            $0.protect(20, 8, Script.Rights.read)
        }
    }

    /// Beside memory of the same file that was written elsewhere: they merge only while one of them is not written.
    @Test func `a guard in a private file refuses the write, and what lies before it is written`() throws {
        try Replay.run(.told, errors: [14]) {
            $0.line("o 0 /proc/self/exe")
            for page in [0, 40] {
                $0.call(9, Script.address(page), 4 * 4096, 3, 0x12, 3, 0)
                $0.advise(page + 2, 1, 102)
                $0.mapFile(page + 24, 4, Script.Rights.write, descriptor: 3, offset: 4)
            }
            $0.touch(2, 1)
            $0.advise(40, 4, 23)
            for page in [0, 40] {
                $0.call(25, Script.address(page), 4 * 4096, 4 * 4096, 3, Script.address(page + 20))
            }
        }
    }

    @Test func `guards on what is locked end there`() throws {
        try Replay.run(errors: [22]) {
            $0.map(0, 4, type: Script.Map.shared)
            $0.map(4, 4, type: Script.Map.shared)
            $0.lock(6, 2)
            $0.advise(2, 6, 102)
        }
    }

    @Test func `remap_file_pages keeps the rights alone`() throws {
        try Replay.run {
            $0.map(0, 12, type: Script.Map.shared)
            $0.advise(0, 12, 15)
            $0.call(216, Script.address(2), 4 * 4096, 0, 6, 0)
        }
    }

    @Test func `MAP_DROPPABLE is never locked`() throws {
        try Replay.run {
            $0.call(151, 6)
            $0.map(0, 2, type: 8)
            $0.call(152)
        }
    }

    @Test func `shmdt and io_destroy leave what is sealed`() throws {
        try Replay.run {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.line("c 30 $0 \(Script.address(0)) 0x4000")
            $0.line("c 31 $0 0 0")
            $0.call(462, Script.address(3), 2 * 4096, 0)
            $0.line("c 67 \(Script.address(0))")
            $0.line("c 206 8 &40")
            $0.line("c 462 @40 4096 0")
            $0.line("c 207 @40")
        }
    }

    @Test func `a second mapping over the first has taken away what it was to be of`() throws {
        try Replay.run(errors: [14]) {
            $0.map(0, 4, Script.Rights.all, type: Script.Map.shared)
            $0.call(25, Script.address(0), 0, 11 * 4096, 3, Script.address(0))
        }
    }

    @Test func `a second mapping of nothing takes nothing away`() throws {
        try Replay.run(errors: [14]) {
            $0.map(95, 9, Script.Rights.none)
            $0.call(25, Script.address(94), 0, 2 * 4096, 3, Script.address(94))
        }
    }

    @Test func `remap_file_pages of a segment that was removed takes the last attach away, and only then`()
        throws
    {
        try Replay.run(errors: [22, 22, 22, 22]) {
            for attach in [0, 0x1000, 0] as [UInt64] {
                $0.line("c 29 0 32768 0x380")
                $0.line("s 0")
                $0.line("c 30 $0 \(Script.address(0)) \(attach)")
                $0.line("c 31 $0 0 0")
                let pages = attach == 0 ? 8 : 4
                $0.call(216, Script.address(0), UInt64(pages) * 4096, 0, 1, 0)
                if attach != 0 { $0.line("c 67 \(Script.address(0))") }
            }
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.line("c 30 $0 \(Script.address(0)) 0")
            $0.call(216, Script.address(4), 8 * 4096, 0, 1, 0)
        }
    }

    @Test func `locked memory that becomes writable is written at once`() throws {
        try Replay.run(.told) {
            $0.call(9, Script.address(0), 32768, 1, 0x32, .max, 0)
            $0.lock(0, 4)
            $0.call(10, Script.address(0), 32768, 3)
            $0.call(10, Script.address(0), 32768, 0)
        }
    }

    @Test func `a child knows what its parent wrote`() throws {
        try Replay.run(.told) {
            $0.call(9, Script.address(0), 32768, 3, 0x32, .max, 0)
            $0.call(9, Script.address(20), 32768, 3, 0x32, .max, 0)
            $0.touch(20, 1)
            $0.line("f")
            $0.call(9, Script.address(8), 32768, 3, 0x32, .max, 0)
            $0.call(9, Script.address(28), 32768, 3, 0x32, .max, 0)
        }
    }
}

/// As a log knows it: what the kernel is asked after some calls, and not what was written.
@Suite struct `Found by fuzzing, by what the tracer asks` {
    @Test func `a move of several that ends in the middle has merged where it went`() throws {
        try Replay.run(.observed, errors: [14]) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.map(26, 1)
            $0.line("c 30 $0 \(Script.address(123)) 16384")
            $0.line("c 31 $0 0 0")
            $0.call(9, Script.address(118), 5 * 4096, 3, 0x32, .max, 0)
            $0.call(25, Script.address(120), 5 * 4096, 5 * 4096, 3, Script.address(27))
        }
    }

    @Test func `a move over holes merges at each end of them`() throws {
        try Replay.run(.observed) {
            $0.call(9, Script.address(40), 6 * 4096, 3, 0x20022, .max, 0)
            $0.call(9, Script.address(43), 10 * 4096, 5, 0x32, .max, 0)
            $0.call(11, Script.address(50), 4 * 4096)
            $0.call(9, Script.address(54), 5 * 4096, 3, 0x20032, .max, 0)
            $0.call(9, Script.address(11), 4096, 3, 0x20032, .max, 0)
            $0.call(25, Script.address(47), 10 * 4096, 10 * 4096, 3, Script.address(4))
        }
    }

    @Test func `every VMA of a long range is asked about`() throws {
        try Replay.run(.observed, errors: nil) { script in
            for line in [
                "c 29 0 32768 0x380",
                "s 0",
                "c 9 17592186097664 32768 5 49 18446744073709551615 0",
                "c 9 17592186138624 45056 3 8242 18446744073709551615 0",
                "w 17592186138624 17592186163200",
                "c 25 17592186171392 36864 36864 3 17592186126336",
                "c 150 17592186114048 40960",
                "c 149 17592186105856 36864",
                "c 325 17592186146816 24576 1",
                "c 9 17592186155008 49152 3 50 18446744073709551615 0",
                "c 10 17592186155008 4096 7",
                "w 17592186155008 17592186159104",
                "c 329 17592186138624 24576 5 18446744073709551615",
                "c 30 $0 17592186097664 16384",
                "c 30 $0 17592186093568 16384",
                "c 9 17592186109952 12288 3 50 18446744073709551615 0",
                "c 10 17592186118144 45056 3",
            ] {
                script.line(line)
            }
        }
    }

    @Test func `what grows down is cut where the kernel did not merge it`() throws {
        try Replay.run(.observed) {
            $0.call(9, Script.address(0), 6 * 4096, 3, 0x132, .max, 0)
            $0.lock(0, 2)
            $0.call(150, Script.address(0), 2 * 4096)
            $0.lock(2, 4)
            $0.call(10, Script.address(0), 2 * 4096, 1)
            $0.lock(0, 2)
            $0.call(10, Script.address(0), 2 * 4096, 3)
        }
    }

    @Test func `a lock walks into what grows down beside what it moved there`() throws {
        try Replay.run(.observed, errors: nil) {
            $0.call(9, 0x1000_0002_5000, 40960, 3, 0x32, .max, 0)
            $0.call(9, 0x1000_0001_E000, 36864, 3, 0x132, .max, 0)
            $0.call(149, 0x1000_0002_6000, 24576)
            $0.call(25, 0x1000_0002_1000, 24576, 24576, 3, 0x1000_0007_B000)
            $0.call(150, 0x1000_0007_B000, 40960)
        }
    }

    @Test func `PROT_GROWSDOWN begins where what grows down does, though the address lies below`() throws {
        try Replay.run {
            $0.map(10, 6, flags: Script.Map.growsDown)
            $0.call(10, Script.address(7), 5 * 4096, 1 | 0x0100_0000)
            $0.call(10, Script.address(13), 4096, 0x0100_0000)
        }
    }

    @Test func `munlockall merges what was never written`() throws {
        try Replay.run(.observed) {
            $0.call(9, Script.address(48), 12 * 4096, 3, 0x100032, .max, 0)
            $0.call(151, 2)
            $0.call(9, Script.address(50), 7 * 4096, 3, 0x32, .max, 0)
            $0.call(152)
        }
    }

    @Test func `the break of a child grows the heap that its parent has not written`() throws {
        try Replay.run(.observed) {
            $0.line("c 12 0")
            $0.line("s 1")
            $0.line("f")
            $0.line("b $1 122880")
            $0.line("f")
            $0.line("b $1 20480")
            $0.line("b $1 90112")
        }
    }

    @Test func `a policy that mbind takes away below what grows down shows no growth`() throws {
        try Replay.run {
            $0.call(9, Script.address(124), 5 * 4096, 0, 0x132, .max, 0)
            $0.call(237, Script.address(118), 8 * 4096, 0, 0, 0, 0)
            $0.call(9, Script.address(121), 11 * 4096, 1, 0x32, .max, 0)
        }
    }

    @Test func `shmdt looks for pieces no further than the segment could reach`() throws {
        try Replay.run(.observed) {
            $0.line("c 29 0 32768 0x380")
            $0.line("s 0")
            $0.line("c 30 $0 \(Script.address(17)) 16384")
            $0.call(25, Script.address(19), 3 * 4096, 12 * 4096, 3, Script.address(97))
            $0.call(9, Script.address(100), 4 * 4096, 3, 50, .max, 0)
            $0.call(67, Script.address(95))
            $0.call(67, Script.address(17))
        }
    }

    /// A kernel without MAP_DROPPABLE (before Linux 6.11) refuses it, which changes nothing.
    @Test func `mlockall keeps droppable memory from its neighbour, which it does not lock`() throws {
        try Replay.run(errors: nil) {
            $0.call(9, Script.address(0), 6 * 4096, 3, 56, .max, 0)
            $0.call(151, 2)
            $0.call(9, Script.address(5), 8 * 4096, 3, 56, .max, 0)
            $0.call(152)
            $0.call(9, Script.address(13), 2 * 4096, 3, 56, .max, 0)
        }
    }
}

import MapPlayer
import Testing

@Suite struct `Failing calls` {
    @Test func `holes stop mprotect and mlock, and madvise passes over`() throws {
        try Replay.run(errors: [12, 12, 12, 12, 12, 12, 14, 12]) {
            $0.map(0, 4)
            $0.map(6, 4)
            $0.protect(2, 6, Script.Rights.read)
            $0.protect(4, 4, Script.Rights.read)
            $0.lock(1, 7)
            $0.unlock(1, 7)
            $0.advise(2, 6, 14)
            $0.advise(4, 6, 10)
            $0.line("c 237 \(Script.address(1)) \(6 * 4096) 2 &0 64 0")
            $0.call(462, Script.address(1), 6 * 4096, 0)
        }
    }

    @Test func `mlock over PROT_NONE fails but stays`() throws {
        try Replay.run(errors: [12]) {
            $0.map(0, 8, Script.Rights.none)
            $0.lock(2, 4)
            $0.unlock(0, 8)
        }
    }

    @Test func `madvise stops at the VMA that refuses`() throws {
        try Replay.run(errors: [22, 22]) {
            $0.map(0, 4)
            $0.map(4, 4, type: Script.Map.shared)
            $0.map(8, 4)
            $0.advise(2, 8, 18)
            $0.advise(4, 4, 18)
        }
    }

    @Test func `a seal stops mprotect, munmap and MAP_FIXED`() throws {
        try Replay.run(errors: [1, 1, 1, 1, 1, 1, 1]) {
            $0.map(0, 12)
            $0.map(4, 4, Script.Rights.read)
            $0.call(462, Script.address(4), 4 * 4096, 0)
            $0.protect(2, 4, Script.Rights.none)
            $0.unmap(1, 6)
            $0.map(1, 6)
            $0.unmap(5, 1)
            $0.unmap(6, 4)
            $0.advise(2, 6, 14)
            $0.remap(5, 2, to: 2, at: 50)
            $0.map(60, 4)
            $0.remap(60, 2, to: 2, at: 5)
        }
    }

    /// Two VMAs short of the limit: a single VMA at page 0, then pairs that cannot merge.
    private static func fill(_ script: inout Script, leaving room: Int, of limit: Int) {
        for index in 0..<(limit - room - 1) {
            let address = Script.address(1000 + index)
            script.call(9, address, 4096, index % 2 == 0 ? 1 : 0, 0x32, .max, 0, quietly: true)
        }
        script.call(9, Script.address(0), 100 * 4096, 1, 0x32, .max, 0)
    }

    @Test(arguments: [0, 1, 2]) func `at the limit the first split stays`(room: Int) throws {
        let limit = 65530
        var script = Script()
        script.unmap(0, 1)
        let own = try #require(try Player.play(script).steps.last?.vmas?.count)
        let errors: [UInt16] = room < 2 ? [12, 11, 12, 12, 12, 12] : [11, 12, 12, 12, 12]
        try Replay.run(maxMapCount: limit, errors: errors) { script in
            Self.fill(&script, leaving: room + own, of: limit)
            script.protect(10, 4, Script.Rights.none)
            script.advise(30, 4, 14)
            script.lock(50, 4)
            script.unmap(70, 4)
            script.call(462, Script.address(80), 4096, 0)
            script.map(90, 4)
        }
    }

    /// Files may refuse to be mapped with EPERM, as a seal in the range makes it: here a memfd with F_SEAL_WRITE.
    @Test(arguments: [Replay.Knowledge.assumed, .observed])
    func `a file that may not be mapped has cut nothing`(knowledge: Replay.Knowledge) throws {
        try Replay.run(knowledge, errors: [1]) {
            $0.line("c 319 &0 2")
            $0.line("s 0")
            $0.line("c 77 $0 65536")
            $0.line("c 72 $0 1033 8")
            $0.map(0, 12)
            $0.line("c 9 \(Script.address(4)) 16384 3 17 $0 0")
        }
    }

    /// More than the kernel promises (vm.overcommit_memory 0 or 2).
    @Test func `a mapping too large has cut what it was to replace`() throws {
        let size: UInt64 = 1 << 45
        let end = Script.address(4) + size
        try Replay.run(.told, errors: [12, 12, 12]) {
            $0.map(0, 12)
            $0.call(9, end - 4096, 3 * 4096, Script.Rights.read, 0x32, .max, 0)
            $0.call(9, Script.address(4), size, Script.Rights.write, 0x32, .max, 0)
            $0.protect(2, 4, Script.Rights.read)
            $0.protect(2, 4, Script.Rights.write)
            $0.call(9, Script.address(4), 1 << 47, Script.Rights.write, 0x32, .max, 0)
            $0.call(9, Script.address(8), UInt64.max - 4095, Script.Rights.write, 0x32, .max, 0)
        }
    }
}

import MapPlayer
import Testing

@Suite struct `New ranges` {
    @Test func `adjacent mappings become one, on either side and over a hole`() throws {
        try Replay.run {
            $0.map(0, 2)
            $0.map(2, 2)
            $0.map(10, 2)
            $0.map(8, 2)
            $0.unmap(1, 1)
            $0.map(1, 1)
        }
    }

    @Test func `a hole between two written areas joins the left one only`() throws {
        try Replay.run {
            $0.map(0, 2)
            $0.map(4, 2)
            $0.map(2, 2)
            $0.unmap(3, 1)
            $0.map(3, 1)
        }
    }

    @Test func `a hole between unwritten areas makes one VMA`() throws {
        try Replay.run {
            $0.map(0, 2, Script.Rights.read)
            $0.map(4, 2, Script.Rights.read)
            $0.map(2, 2, Script.Rights.read)
            $0.map(10, 2, Script.Rights.none)
            $0.map(14, 2, Script.Rights.none)
            $0.map(12, 2, Script.Rights.none)
        }
    }

    @Test func `other rights, NORESERVE, STACK, GROWSDOWN and LOCKED keep neighbours apart`() throws {
        let flags = [Script.Map.noReserve, Script.Map.stack, Script.Map.growsDown, Script.Map.locked]
        try Replay.run { script in
            for (index, flag) in flags.enumerated() {
                let base = 1000 * (index + 1)
                for rights in [Script.Rights.write, Script.Rights.none, Script.Rights.read] {
                    script.map(base + 20 * Int(rights), 2, rights)
                    script.map(base + 20 * Int(rights) + 2, 2, rights, flags: flag)
                    script.map(base + 20 * Int(rights) + 4, 2, rights, flags: flag)
                    script.map(base + 20 * Int(rights) + 6, 2, rights)
                }
            }
        }
    }

    @Test func `flags without effect on the VMA`() throws {
        try Replay.run { script in
            script.map(0, 2)
            for (index, flag) in [0x800, 0x1000, 0x8000, 0x10000, 0x4000000].enumerated() {
                script.map(2 + 2 * index, 2, flags: UInt64(flag))
            }
        }
    }

    @Test func `shared anonymous mappings never merge, their pieces do`() throws {
        try Replay.run {
            $0.map(0, 4, type: Script.Map.shared)
            $0.map(4, 4, type: Script.Map.shared)
            $0.protect(1, 2, Script.Rights.read)
            $0.protect(1, 2, Script.Rights.write)
            $0.map(8, 4, flags: Script.Map.noReserve, type: Script.Map.shared)
        }
    }

    @Test func `MAP_FIXED over the middle, the head, the tail and several VMAs`() throws {
        try Replay.run {
            $0.map(0, 10)
            $0.map(4, 2)
            $0.map(4, 2, Script.Rights.read)
            $0.map(0, 1, Script.Rights.read)
            $0.map(9, 1, Script.Rights.none)
            $0.map(1, 8, Script.Rights.exec)
            $0.map(0, 10)
        }
    }

    @Test func `MAP_FIXED_NOREPLACE over something changes nothing, beside it merges`() throws {
        try Replay.run(errors: [17]) {
            $0.map(0, 2)
            $0.map(1, 2, flags: Script.Map.noReplace)
            $0.map(2, 2, flags: Script.Map.noReplace)
        }
    }

    @Test func `MAP_DROPPABLE sets nr wf dd dp`() throws {
        try Replay.run {
            $0.map(0, 4, type: 8)
            $0.map(4, 4, type: 8)
            $0.map(8, 4)
        }
    }

    /// Half a tebibyte, of which no machine sets huge pages aside.
    @Test func `failed huge page mappings leave a hole under MAP_FIXED`() throws {
        try Replay.run(errors: [12]) {
            $0.map(0, 1 << 28, Script.Rights.none)
            $0.call(9, Script.address(1 << 27), 1 << 39, 3, 0x4_0032, .max, 0)
        }
    }

    @Test func `lengths round up to pages, and length 0 changes nothing`() throws {
        try Replay.run(errors: [22, 22, 22]) {
            $0.call(9, Script.area, 5000, 3, 0x32, .max, 0)
            $0.touch(0, 2)
            $0.call(11, Script.area, 1)
            $0.call(11, Script.area + 4096, 0)
            $0.call(11, Script.area + 4097, 4096)
            $0.call(9, Script.area, 0, 3, 0x32, .max, 0)
        }
    }

    /// prctl(PR_SET_MM, PR_SET_MM_MAP), which the log does not tell; of struct prctl_mm_map the break alone matters.
    private static func moveBreak(_ script: inout Script, _ place: Int, _ pages: Int) {
        let code: UInt64 = 0x40_0000
        let heap = [Script.address(place), Script.address(place + pages)]
        let words =
            [code, code + 1, code, code + 1] + heap + [code, code, code, code, code, 0, 0xFFFF_FFFF << 32]
        for (index, word) in words.enumerated() { script.line("v \(16 + index) \(word)") }
        script.line("c 157 35 14 &16 104 0")
    }

    @Test(arguments: [Replay.Knowledge.assumed, .observed])
    func `a break that was moved takes nothing away`(knowledge: Replay.Knowledge) throws {
        try Replay.run(knowledge) {
            $0.call(12, 0)
            $0.map(50, 4, Script.Rights.read)
            $0.map(100, 4)
            Self.moveBreak(&$0, 100, 4)
            if knowledge == .assumed { $0.call(12, 0) }
            $0.call(12, Script.address(110))
            $0.call(12, Script.address(102))
            $0.map(20, 4)
            Self.moveBreak(&$0, 20, 4)
            if knowledge == .assumed { $0.call(12, 0) }
            $0.call(12, Script.address(30))
        }
    }
}

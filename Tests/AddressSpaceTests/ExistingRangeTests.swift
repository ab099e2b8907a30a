import MapPlayer
import Testing

@Suite struct `Existing ranges` {
    @Test func `mprotect of head, middle, tail and back`() throws {
        try Replay.run { script in
            script.map(0, 12)
            for (page, pages) in [(0, 2), (4, 2), (10, 2), (3, 4), (0, 12)] {
                script.protect(page, pages, Script.Rights.read)
                script.protect(page, pages, Script.Rights.none)
                script.protect(page, pages, Script.Rights.all)
                script.protect(page, pages, Script.Rights.write)
            }
        }
    }

    @Test func `mprotect moves a boundary between neighbours`() throws {
        try Replay.run {
            $0.map(0, 8)
            $0.protect(4, 4, Script.Rights.read)
            $0.protect(2, 2, Script.Rights.read)
            $0.protect(2, 3, Script.Rights.write)
            $0.protect(3, 5, Script.Rights.write)
        }
    }

    @Test
    func `a written VMA whose rights return merges over PROT_NONE pieces only where all share an anon_vma`()
        throws
    {
        try Replay.run {
            $0.map(0, 12, Script.Rights.none)
            $0.protect(0, 4, Script.Rights.write)
            $0.protect(8, 4, Script.Rights.write)
            $0.protect(4, 4, Script.Rights.write)
            $0.protect(4, 4, Script.Rights.none)
            $0.protect(0, 12, Script.Rights.none)
            $0.protect(0, 12, Script.Rights.write)
        }
    }

    @Test func `ac comes with the first write right and goes from the unwritten`() throws {
        try Replay.run {
            $0.map(0, 4, Script.Rights.none)
            $0.protect(1, 2, Script.Rights.read)
            $0.protect(1, 2, Script.Rights.write)
            $0.protect(1, 2, Script.Rights.none)
            $0.map(10, 4, Script.Rights.none, flags: Script.Map.noReserve)
            $0.protect(10, 4, Script.Rights.write)
            $0.protect(10, 4, Script.Rights.none)
        }
    }

    @Test func `attributes that do not change start no merge`() throws {
        try Replay.run {
            $0.map(0, 2)
            $0.map(4, 2)
            $0.map(2, 2)
            $0.protect(0, 6, Script.Rights.write)
            $0.protect(0, 6, Script.Rights.read)
        }
    }

    @Test func `every advice that changes flags splits and merges`() throws {
        let advice: [UInt64] = [10, 11, 16, 17, 18, 19, 12, 13, 14, 15, 1, 0, 2, 0, 1, 2, 14]
        try Replay.run(errors: [22, 22]) { script in
            script.map(0, 12)
            script.map(20, 12, type: Script.Map.shared)
            for value in advice {
                for (page, pages) in [(4, 4), (0, 4), (0, 12), (22, 2), (20, 12)] {
                    script.advise(page, pages, value)
                }
            }
        }
    }

    @Test func `advice without effect on VMAs`() throws {
        try Replay.run(errors: [22, 22, 22]) { script in
            script.map(0, 12)
            for value in [3, 4, 8, 9, 20, 21, 22, 23, 24, 25, 99] as [UInt64] { script.advise(4, 4, value) }
            script.advise(4, 0, 10)
        }
    }

    @Test func `guard regions mark whole VMAs and give an anon_vma`() throws {
        try Replay.run {
            $0.map(0, 8)
            $0.advise(2, 2, 102)
            $0.map(8, 4)
            $0.advise(2, 2, 103)
            $0.map(20, 4, Script.Rights.none)
            $0.advise(21, 1, 102)
            $0.map(28, 4, Script.Rights.none)
            $0.advise(29, 1, 102)
            $0.map(24, 4, Script.Rights.none)
            $0.protect(20, 12, Script.Rights.write)
        }
    }

    @Test func `guard regions on locked, shared and read-only memory`() throws {
        try Replay.run(errors: [22]) {
            $0.map(0, 8, flags: Script.Map.locked)
            $0.advise(2, 2, 102)
            $0.map(20, 8, type: Script.Map.shared)
            $0.advise(22, 2, 102)
            $0.map(40, 8, Script.Rights.read)
            $0.advise(42, 2, 102)
        }
    }

    @Test func `mlock, mlock2 and munlock round to pages`() throws {
        try Replay.run {
            $0.map(0, 12)
            $0.call(149, Script.area + 4097, 4096)
            $0.lock(3, 2)
            $0.call(325, Script.address(6), 4096 * 2, 1)
            $0.unlock(2, 5)
            $0.unlock(0, 12)
            $0.lock(0, 0)
        }
    }

    @Test func `mlockall of now and later, munlockall merges again`() throws {
        try Replay.run {
            $0.map(0, 4)
            $0.call(151, 2)
            $0.map(4, 4)
            $0.call(151, 3)
            $0.map(8, 4)
            $0.call(152)
            $0.map(12, 4)
            $0.call(151, 6)
            $0.map(16, 4)
            $0.call(152)
        }
    }

    @Test func `mseal splits, and sealed stays apart`() throws {
        try Replay.run(errors: [1, 1, 1, 1, 1, 12]) {
            $0.map(0, 12)
            $0.call(462, Script.address(4), 4096 * 4, 0)
            $0.protect(2, 4, Script.Rights.read)
            $0.unmap(2, 4)
            $0.unmap(1, 5)
            $0.unmap(5, 1)
            $0.map(3, 4)
            $0.map(12, 4)
            $0.call(462, Script.address(10), 4096 * 10, 0)
            $0.call(462, Script.address(0), 4096 * 12, 0)
        }
    }

    @Test func `mbind splits and merges by policy, MPOL_DEFAULT takes it away`() throws {
        try Replay.run(errors: [14]) { script in
            script.map(0, 12)
            let bind = { (page: Int, pages: Int, mode: Int) in
                "c 237 \(Script.address(page)) \(pages * 4096) \(mode) \(mode == 0 || mode == 4 ? "0 0" : "&0 64") 0"
            }
            for (page, pages, mode) in [
                (2, 4, 2), (6, 2, 2), (8, 2, 3), (0, 12, 2), (3, 2, 4), (0, 12, 0), (20, 4, 2),
            ] {
                script.line(bind(page, pages, mode))
            }
            script.line(bind(2, 4, 2))
            script.line("c 450 \(Script.address(3)) 4096 0 0")
            script.line("c 450 \(Script.address(2)) \(4 * 4096) 0 0")
        }
    }

    @Test func `mbind to no node is mbind to the local one`() throws {
        let (preferred, local): (UInt64, UInt64) = (1, 4)
        try Replay.run {
            $0.map(0, 12)
            $0.call(237, Script.address(0), 4 * 4096, preferred, 0, 0, 0)
            $0.call(237, Script.address(4), 4 * 4096, local, 0, 0, 0)
        }
    }

    /// A kernel without CONFIG_ANON_VMA_NAME answers EINVAL to all three: then this tests that nothing happens.
    @Test func `names of ranges split and merge`() throws {
        let recording = try Replay.run(errors: nil) { script in
            script.map(0, 12)
            script.line("c 157 0x53564d41 0 \(Script.address(2)) 8192 &4")
            script.line("c 157 0x53564d41 0 \(Script.address(4)) 8192 &8")
            script.line("c 157 0x53564d41 0 \(Script.address(2)) 16384 0")
        }
        let errors = recording.steps.map(\.error).filter { $0 != 0 }
        #expect(errors.isEmpty || errors == [22, 22, 22])
    }

    @Test func `PR_SET_MEMORY_MERGE marks what there is and what comes, once`() throws {
        try Replay.run { script in
            script.map(0, 12)
            script.advise(2, 2, 12)
            script.line("c 157 67 0 0 0 0")
            script.line("c 157 67 1 0 0 0")
            script.map(12, 4)
            script.map(20, 4, type: Script.Map.shared)
            script.line("c 157 67 0 0 0 0")
            script.map(16, 2)
        }
    }

    @Test func `pkey_mprotect without a key is mprotect`() throws {
        try Replay.run {
            $0.map(0, 8)
            $0.call(329, Script.address(2), 8192, 1, .max)
            $0.call(329, Script.address(2), 8192, 3, .max)
        }
    }
}

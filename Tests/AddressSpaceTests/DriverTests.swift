import MapPlayer
import Testing
import TraceFormat
import TraceLog

@testable import AddressSpace

/// What drivers map. Where a kernel or its administrator refuses one, nothing is mapped, and the rest is compared.
@Suite struct `Mappings of drivers` {
    typealias Driver = Script.Driver

    /// Plays what `build` adds to a script that has the driver's descriptor in register 0.
    private func play(
        _ driver: Driver, _ knowledge: Replay.Knowledge = .told, _ build: (inout Script) -> Void
    ) throws {
        let recording = try Replay.run(knowledge, errors: nil) { script in
            for line in driver.lines + ["s 0"] { script.line(line) }
            build(&script)
        }
        let opened = recording.steps.first { [425, 321, 298, 41, 2].contains($0.number) }
        if let error = opened?.error, error != 0 {
            print("skipped what \(driver) maps: the kernel refuses it (errno \(error))")
        }
    }

    private func map(_ page: Int, _ pages: Int, _ rights: Int = 3) -> String {
        "c 9 \(Script.address(page)) \(pages * 4096) \(rights) 17 $0 0"
    }

    /// Where the kernel chooses, into register 1: io_uring lets nobody else.
    private let mapAnywhere = ["c 9 0 12288 3 1 $0 0", "s 1"]

    @Test(arguments: Driver.allCases, [Replay.Knowledge.told, .observed])
    func `their flags come from the driver, and advice and locks leave them`(
        driver: Driver, knowledge: Replay.Knowledge
    ) throws {
        try play(driver, knowledge) { script in
            script.map(0, 4)
            script.line(map(4, 3))
            script.line(map(7, 3, Int(Script.Rights.read)))
            script.map(10, 4)
            for advice in [10, 16, 17, 11, 12] as [UInt64] { script.advise(4, 6, advice) }
            script.lock(2, 10)
            script.unlock(2, 10)
            script.protect(7, 3, Script.Rights.none)
            script.line("f")
            script.line(map(20, 3))
        }
    }

    @Test(arguments: Driver.allCases, [Replay.Knowledge.told, .observed])
    func `where the kernel chooses their flags are the same`(
        driver: Driver, knowledge: Replay.Knowledge
    ) throws {
        try play(driver, knowledge) { script in
            mapAnywhere.forEach { script.line($0) }
            for advice in [10, 11, 16, 17] { script.line("c 28 $1 12288 \(advice)") }
            script.line("c 149 $1 12288")
            script.line("c 10 $1 12288 1")
            script.line("c 10 $1 12288 5")
            script.line("c 25 $1 12288 32768 1")
            script.line("c 216 $1 12288 0 0 0")
            script.line("f")
            mapAnywhere.forEach { script.line($0) }
            script.line("c 11 $1 12288")
        }
    }

    /// `dc` as it is, MADV_DONTFORK cuts nothing.
    @Test func `what no child gets is not cut by the advice to give it to none`() throws {
        try play(.perfRing, .told) { script in
            script.line(map(0, 9))
            script.advise(4, 5, 10)
        }
    }

    /// MREMAP_DONTUNMAP of what may not grow ends with EINVAL, of several VMAs where it comes to that one.
    @Test func `a move that leaves its source behind has moved what lies before a driver's`() throws {
        try play(.bpfMap, .told) { script in
            script.map(0, 4)
            script.line(map(4, 3))
            script.call(25, Script.address(0), 7 * 4096, 7 * 4096, 7, Script.address(20) + 1)
            script.call(25, Script.address(0), 7 * 4096, 7 * 4096, 7, Script.address(20))
        }
    }

    @Test func `a move that leaves its source behind and is refused for its target has moved nothing`() throws
    {
        try Replay.run(.told, errors: [22]) {
            $0.map(0, 4)
            $0.map(6, 3)
            $0.call(25, Script.address(0), 9 * 4096, 9 * 4096, 7, Script.address(20) + 1)
        }
    }

    @Test func `what remap_file_pages maps anew is the driver's too`() throws {
        try play(.bpfMap, .told) { script in
            script.line(map(0, 5))
            script.call(216, Script.address(0), 5 * 4096, 0, 1, 0)
        }
    }

    /// bpf has the last word on where it is mapped.
    @Test(arguments: [Replay.Knowledge.told, .observed])
    func `they are not moved with others`(knowledge: Replay.Knowledge) throws {
        try play(.bpfMap, knowledge) { script in
            script.map(0, 4)
            script.line(map(4, 3))
            script.map(20, 4)
            script.call(25, Script.address(0), 7 * 4096, 7 * 4096, 3, Script.address(20))
            script.call(25, Script.address(4), 4 * 4096, 4 * 4096, 3, Script.address(40))
            script.call(25, Script.address(4), 3 * 4096, 3 * 4096, 3, Script.address(60))
        }
    }

    /// It refuses a place, when what was there has gone, which only the kernel tells.
    @Test func `a ring that may not lie there has taken away what did`() throws {
        try play(.ring, .told) { script in
            script.map(0, 100)
            script.line(map(10, 64))
        }
    }

    /// Rings of perf and of the kernel's tracing, and a huge page, cannot be cut; EINVAL says so when a part of the call is
    /// done.
    @Test(
        arguments: [(.perfRing, 3), (.traceRing, 1)] as [(Driver, Int)], [Replay.Knowledge.told, .observed])
    func `what stays whole does not undo what the same call did before it`(
        ring: (driver: Driver, rights: Int), knowledge: Replay.Knowledge
    ) throws {
        try play(ring.driver, knowledge) { script in
            for whole in [8, 512] {
                let last = whole == 8 ? 11 : 1024
                script.map(whole - 8, 8)
                script.line(
                    whole == 8
                        ? map(8, 3, ring.rights)
                        : "c 9 \(Script.address(512)) 2097152 3 \(0x40032) \(UInt64.max) 0")
                script.unmap(whole - 4, 5)
                script.unmap(whole + 1, 1)
                script.protect(whole - 3, 4, Script.Rights.read)
                script.protect(whole - 1, 2, Script.Rights.none)
                script.map(whole - 2, 3)
                script.map(3000, 40)
                script.map(3100, 4)
                for (page, pages, new, at) in [
                    (whole, 1, 1, 3001), (whole + 1, 1, 1, 3003), (whole, 2, 1, 3005),
                    (whole - 6, 7, 1, 3007),
                    (whole - 6, 7, 7, 3010), (3100, 3, 3, whole - 2), (3100, 3, 1, whole),
                    (last - 1, 1, 1, 3020),
                    (whole - 3, last - whole + 3, last - whole + 3, 3400),
                ] {
                    script.remap(page, pages, to: new, at: at)
                    script.remap(page, pages, to: new, at: at, keeping: true)
                }
                script.call(25, Script.address(whole - 8), 9 * 4096, 4096, 1)
                script.call(25, Script.address(whole), 0, 4096, 3, Script.address(whole))
            }
        }
    }

    /// Of each VMA the kernel rounds what it moves up to huge pages.
    @Test(arguments: [Replay.Knowledge.told, .observed])
    func `a move that begins in huge pages rounds those alone`(knowledge: Replay.Knowledge) throws {
        try Replay.run(knowledge, errors: nil) {
            $0.call(9, Script.address(512), 2 << 20, 3, 0x40032, .max, 0)
            $0.map(1024, 8)
            $0.map(2040, 600)
            $0.remap(512, 516, to: 516, at: 2048)
            $0.remap(2048, 1, to: 1, at: 4096)
        }
    }

    /// What the sources have on both sides of a version; where the kernel was not asked for its flags.
    @Test(arguments: [
        ("anon_inode:[io_uring]", "6.8.0", "rd wr sh mr mw me ms pf io de dd"),
        ("anon_inode:[io_uring]", "6.10.0", "rd wr sh mr mw me ms de mm"),
        ("anon_inode:[io_uring]", "6.16.0", "rd wr sh mr mw ms de mm"),
        ("anon_inode:[perf_event]", "6.12.0", "rd wr sh mr mw me ms dc de dd"),
        ("anon_inode:[perf_event]", "6.14.0", "rd wr sh mr mw me ms pf io dc de dd"),
        ("anon_inode:[perf_event]", "6.18.0", "rd wr sh mr mw ms pf io dc de dd"),
        ("anon_inode:bpf-map", "5.15.0", "rd wr sh mr mw ms de dd mm"),
        ("socket:[12]", "6.18.0", "rd wr sh mr mw ms mm"),
    ])
    func `a driver's flags by version`(path: String, release: String, expected: String) {
        var space = AddressSpace(rules: KernelRules(kernelRelease: release))
        space.identities.learn([
            FileFacts(device: 0, inode: 0, path: ""), FileFacts(device: 16, inode: 5, path: path),
        ])
        var call = Call(kind: .mmap, arguments: (0, 8192, 3, 1, 3, 0), result: 65536)
        call.file = FileID(rawValue: 1)
        call.observedRights = 11 | UInt8(MF_FILE_WRITABLE)
        space.apply(call)
        #expect(space.vma(containing: 65536)?.flags.names.joined(separator: " ") == expected)
    }
}

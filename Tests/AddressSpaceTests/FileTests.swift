import Foundation
import MapPlayer
import Testing

@Suite struct `Files and the kernel's own mappings` {
    /// A file of 64 pages, opened under descriptors 3 (read and write), 4 (read only), and 5 (the path again).
    private static func withFile(
        _ knowledge: Replay.Knowledge = .observed, errors: [UInt16] = [], _ body: (inout Script) -> Void
    )
        throws
    {
        let path = NSTemporaryDirectory() + "mapfray-file-\(UUID().uuidString)"
        try Data(count: 64 * 4096).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Replay.run(knowledge, errors: errors) { script in
            script.open(path, flags: 2)
            script.open(path, flags: 0)
            script.open(path, flags: 2)
            body(&script)
        }
    }

    @Test func `contiguous offsets of one descriptor merge, others do not`() throws {
        try Self.withFile(.assumed) {
            $0.mapFile(0, 4, descriptor: 3, offset: 0)
            $0.mapFile(4, 4, descriptor: 3, offset: 4)
            $0.mapFile(8, 4, descriptor: 3, offset: 20)
            $0.mapFile(24, 4, descriptor: 3, offset: 16)
            $0.mapFile(20, 4, Script.Rights.write, descriptor: 3, offset: 20)
            $0.mapFile(24, 4, Script.Rights.write, descriptor: 3, offset: 24)
            $0.protect(20, 8, Script.Rights.read)
            $0.unmap(2, 4)
        }
    }

    @Test func `two open files of one path never merge`() throws {
        try Self.withFile(.assumed) {
            $0.mapFile(0, 4, descriptor: 3, offset: 0)
            $0.mapFile(4, 4, descriptor: 5, offset: 4)
            $0.mapFile(8, 4, descriptor: 4, offset: 8)
        }
    }

    @Test func `an observation settles a descriptor number that was opened anew`() throws {
        try Self.withFile {
            $0.mapFile(0, 4, descriptor: 3, offset: 0)
            $0.line("c 33 5 3")
            $0.mapFile(4, 4, descriptor: 3, offset: 4)
            $0.mapFile(8, 4, descriptor: 3, offset: 8)
        }
    }

    @Test func `an observation settles a copied descriptor`() throws {
        try Self.withFile {
            $0.mapFile(0, 4, descriptor: 3, offset: 0)
            $0.line("c 33 3 9")
            $0.mapFile(4, 4, descriptor: 9, offset: 4)
            $0.mapFile(8, 4, descriptor: 9, offset: 8)
            $0.mapFile(12, 4, descriptor: 3, offset: 12)
        }
    }

    @Test func `shared mappings of a read-only and of a writable descriptor`() throws {
        try Self.withFile(.assumed, errors: [13]) {
            $0.mapFile(20, 4, Script.Rights.write, type: 1, descriptor: 3, offset: 4)
            $0.mapFile(0, 4, type: 1, descriptor: 4, offset: 0)
            $0.mapFile(24, 4, type: 1, descriptor: 3, offset: 8)
            $0.protect(24, 4, Script.Rights.write)
            $0.protect(0, 4, Script.Rights.write)
        }
    }

    @Test func `private /dev/zero keeps file and offset, shared is new each time`() throws {
        try Replay.run {
            $0.open("/dev/zero", flags: 2)
            $0.mapFile(0, 4, Script.Rights.write, descriptor: 3, offset: 0)
            $0.mapFile(4, 4, Script.Rights.write, descriptor: 3, offset: 0)
            $0.mapFile(8, 4, Script.Rights.write, descriptor: 3, offset: 4)
            $0.map(12, 4)
            $0.mapFile(20, 4, Script.Rights.write, type: 1, descriptor: 3, offset: 0)
            $0.mapFile(24, 4, Script.Rights.write, type: 1, descriptor: 3, offset: 4)
        }
    }

    @Test func `remap_file_pages maps over, and linear again merges`() throws {
        try Replay.run {
            $0.map(0, 12, type: Script.Map.shared)
            $0.call(216, Script.address(4), 4 * 4096, 0, 0, 0)
            $0.call(216, Script.address(4), 4 * 4096, 0, 4, 0)
        }
    }

    @Test func `under READ_IMPLIES_EXEC remap_file_pages maps what can be executed`() throws {
        try Replay.run {
            $0.map(0, 12, type: Script.Map.shared)
            $0.call(135, 0x40_0000)
            $0.call(216, Script.address(4), 4 * 4096, 0, 0, 0)
            $0.call(135, 0)
            $0.call(216, Script.address(6), 4096, 0, 2, 0)
        }
    }

    /// A driver's mapping becomes mergeable only once it has found no neighbour to merge with. Where there is no KSM it merges.
    @Test func `under PR_SET_MEMORY_MERGE private /dev/zero does not merge with what is beside it`() throws {
        try Replay.run(.told, errors: nil) {
            $0.open("/dev/zero", flags: 2)
            $0.call(157, 67, 1)
            $0.mapFile(4, 4, descriptor: 3, offset: 4)
            $0.mapFile(8, 4, descriptor: 3, offset: 8)
            $0.map(20, 4, Script.Rights.read)
            $0.map(24, 4, Script.Rights.read)
            $0.call(157, 67, 0)
            $0.mapFile(12, 4, descriptor: 3, offset: 12)
            $0.mapFile(16, 4, descriptor: 3, offset: 16)
        }
    }

    @Test func `shmat attaches never merge, shmdt takes every piece`() throws {
        try Replay.run { script in
            script.line("c 29 0 65536 0x380")
            script.line("s 0")
            script.line("c 30 $0 \(Script.address(0)) 0")
            script.line("c 30 $0 \(Script.address(16)) 0")
            script.line("c 30 $0 \(Script.address(32)) 0x1000")
            script.protect(4, 4, Script.Rights.read)
            script.protect(4, 4, Script.Rights.write)
            script.line("c 30 $0 \(Script.address(16)) 0x4000")
            script.line("c 67 \(Script.address(0))")
            script.line("c 67 \(Script.address(16))")
            script.line("c 67 \(Script.address(32))")
            script.line("c 31 $0 0 0")
        }
    }

    @Test func `io_setup makes a VMA of its own, io_destroy takes it`() throws {
        try Replay.run { script in
            script.line("c 206 8 &20")
            script.map(0, 4)
            script.line("c 207 @20")
            script.map(4, 4)
        }
    }

    /// memfd_secret, which a kernel may not have: then nothing is mapped.
    @Test(arguments: [Replay.Knowledge.assumed, .observed])
    func `secret memory stays locked whatever mlock and munlock say, but not in a child`(
        knowledge: Replay.Knowledge
    ) throws {
        try Replay.run(knowledge, errors: nil) {
            $0.line("c 447 0")
            $0.line("s 0")
            $0.line("c 77 $0 65536")
            let mapSecret = { (page: Int, pages: Int, offset: Int) in
                "c 9 \(Script.address(page)) \(pages * 4096) 3 17 $0 \(offset * 4096)"
            }
            $0.line(mapSecret(0, 6, 0))
            $0.line(mapSecret(6, 2, 6))
            $0.map(8, 4)
            $0.unlock(1, 2)
            $0.lock(3, 6)
            $0.call(151, 3)
            $0.line(mapSecret(12, 2, 8))
            $0.call(152)
            $0.advise(1, 2, 17)
            $0.advise(2, 2, 102)
            $0.call(216, Script.address(1), 4096, 0, 3, 0)
            $0.line("f")
            $0.line(mapSecret(14, 2, 10))
            $0.unlock(14, 1)
        }
    }
}

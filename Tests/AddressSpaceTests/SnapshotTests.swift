import MapPlayer
import Testing
import TraceLog

@testable import AddressSpace

@Suite struct `Snapshots` {
    @Test func `maps lines are the kernel's, byte by byte`() throws {
        var script = Script()
        script.map(0, 4)
        script.protect(2, 1, Script.Rights.read)
        script.open("/proc/self/exe", flags: 0)
        script.mapFile(20, 2, Script.Rights.exec, descriptor: 3, offset: 1)
        let recording = try Player.play(script)
        var replay = Replay(recording)
        #expect(replay.replayAll() == nil)
        var lines: [String] = []
        replay.space.forEach {
            lines.append(replay.space.mapsText($0, recording.definitions))
            return true
        }
        #expect(lines == recording.steps.last?.lines)
    }

    /// The map after `script`, told a model that saw the calls before `missing` alone.
    private static func judge(
        unsettled: [Range<UInt64>] = [], _ build: (inout Script) -> Void
    ) throws -> (Comparison, Comparison, Corrections) {
        var script = Script()
        build(&script)
        let recording = try Player.play(script)
        var replay = Replay(recording)
        let first = try #require(recording.steps.first)
        let last = try #require(recording.steps.last)
        _ = replay.space.adopt(replay.snapshot(first, .start))
        let judged = replay.space.adopt(replay.snapshot(last, .threshold), unsettled: unsettled)
        let again = replay.space.adopt(replay.snapshot(last, .exit), unsettled: unsettled)
        return (judged, again, replay.space.corrections)
    }

    @Test func `what no call explained is counted, corrected and owned by nobody`() throws {
        let (judged, again, corrections) = try Self.judge {
            $0.map(0, 4)
            $0.map(10, 4)
        }
        #expect(judged.differences.count == 2)
        #expect(again.isExact)
        #expect(corrections.snapshot == 2)
    }

    @Test func `what a call in flight touches is not judged`() throws {
        let (judged, _, corrections) = try Self.judge(unsettled: [Script.address(0)..<Script.address(4)]) {
            $0.map(0, 4)
        }
        #expect(judged.isExact && judged.unsettled == 1)
        #expect(corrections.snapshot == 0)
    }

    private func snapshot(_ vmas: [Snapshot.VMA], _ reason: Snapshot.Reason) -> Snapshot {
        Snapshot(
            number: 1, reason: reason, begin: 0, end: 0, thread: 1, hasFlags: false, hasVsyscall: true,
            vmas: vmas)
    }

    @Test(arguments: ["[uprobes]", "[uprobes-trampoline]", "/lib/code"])
    func `what the kernel puts in where a probe is hit is a correction and no error`(name: String) {
        var space = AddressSpace(rules: .newest)
        space.identities.learn([
            FileFacts(device: 0, inode: 0, path: ""), FileFacts(device: 0, inode: 0, path: name),
        ])
        let memory = Snapshot.VMA(start: 0x1000, end: 0x2000, flags: 3)
        let code = Snapshot.VMA(start: 0x8000, end: 0x9000, flags: 5, file: FileID(rawValue: 1))
        _ = space.adopt(snapshot([memory], .start))
        let judged = space.adopt(snapshot([memory, code], .threshold))
        #expect(judged.isExact == name.hasPrefix("[uprobes"))
        #expect(space.corrections.snapshot == 1 && space.count == 2)
        #expect(space.adopt(snapshot([memory, code], .exit)).isExact)
        #expect(space.corrections.snapshot == 1)
    }
}

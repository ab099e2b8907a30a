import Foundation
import Testing
import TraceLog

/// A checkpoint stands in for the records before it: what comes behind it reads the same.
struct CheckpointTests {
    private static let second: UInt64 = 1_000_000_000

    private func save(_ checkpoint: Checkpoint, besides log: RecordedLog) throws -> URL {
        let file = URL(fileURLWithPath: Checkpoint.path(ofLog: log.path))
        try checkpoint.encoded().write(to: file)
        return file
    }

    /// Reads a log with some of everything while it is written, and remembers what it has not given out.
    private func follower(of log: RecordedLog, calls: Int) throws -> LogReader {
        log.writeMixture(calls: calls)
        var reader = try LogReader(path: log.path)
        reader.trackPending()
        reader.follow()
        return reader
    }

    @Test func `a reader goes on behind it, with all definitions, and gives what was pending`() throws {
        let log = try RecordedLog(ringSize: 64 << 10, segmentSize: 8 << 10)
        var reader = try follower(of: log, calls: 500)
        reader.refresh(now: Self.second)
        var given = readings(of: &reader)
        // Too young to be given out: pending.
        log.clock = 10 * Self.second
        for _ in 0..<5 {
            log.growth([0x1000..<0x9000])
            log.call(stack: 3, file: 100)
        }
        reader.refresh(now: log.clock)
        given += readings(of: &reader)
        let saved = reader.saved(keeping: reader.definitions.lastingFiles, firstTime: 77)
        let state = try #require(saved)
        log.writeMixture(calls: 300)
        _ = try save(Checkpoint(reader: state, part: FoldedPart([1, 2, 3])), besides: log)
        var later = try LogReader(path: log.path)
        #expect(later.isFolded == true)
        let first = later.next()
        guard case .folded(let part, _) = first else {
            Issue.record("the first entry is \(String(describing: first))")
            return
        }
        #expect(part.bytes == [1, 2, 3])
        #expect(later.facts.firstTime == 77)
        #expect(later.facts.command == ["x", "--long"] && later.facts.ownRanges == [0x1000..<0x2000])
        #expect(given + readings(of: &later) == log.expectation())
        #expect(later.damage == [])
    }

    /// A file that is made for one mapping is kept for who names it in what is pending.
    @Test func `a reader goes on in the middle of a list, and behind one that was not given out`() throws {
        let log = try RecordedLog()
        var reader = try follower(of: log, calls: 100)
        reader.refresh(now: Self.second)
        var given = readings(of: &reader)
        log.clock = 10 * Self.second
        log.file(500, path: "/dev/zero (deleted)")
        log.call(stack: 3, file: 500)
        log.note("pending")
        log.snapshot(7001, starts: (1...40).map { $0 << 16 })
        var (chunks, saved) = (0, nil as SavedReader?)
        log.snapshot(7002, starts: (1...200).map { $0 << 16 }, chunk: 50) {
            chunks += 1
            if chunks != 2 { return }
            log.call(stack: 2)
            reader.refresh(now: log.clock)
            given += readings(of: &reader)
            saved = reader.saved(keeping: reader.definitions.lastingFiles, firstTime: 0)
        }
        _ = try save(Checkpoint(reader: try #require(saved), part: FoldedPart([])), besides: log)
        var later = try LogReader(path: log.path)
        #expect(later.isFolded == true)
        _ = later.next()
        let expected = log.expectation()
        #expect(given.count == expected.count - 5)
        #expect((given + readings(of: &later)).sorted() == expected.sorted())
        #expect(later.damage == [])
        #expect(later.incompleteSnapshots == 0)
    }

    /// Whoever adopts the list must see that call in flight, and a later reader would not.
    @Test func `a log is not cut where a call was given out beside a list that is to come`() throws {
        let log = try RecordedLog()
        var reader = try follower(of: log, calls: 100)
        var isCut: [Bool] = []
        log.snapshot(7001, starts: (1...200).map { $0 << 16 }, chunk: 150) {
            if isCut.count == 2 { return }
            reader.refresh(now: Self.second)
            _ = readings(of: &reader)
            let saved = reader.saved(keeping: [], firstTime: 0)
            isCut.append(saved != nil)
            log.call(thread: 43)
        }
        #expect(isCut == [true, false])
    }

    @Test func `a list whose end does not come keeps the log from being cut for a while only`() throws {
        let log = try RecordedLog()
        var reader = try follower(of: log, calls: 100)
        log.clock += 10
        let list = log.write(.snapshotBegin(7001, time: log.clock))
        var starts: [UInt64?] = []
        // Stopped for long, and then the log goes on without it.
        for now in [2, 9, 10, 12] as [UInt64] {
            if now == 10 { log.writeMixture(calls: 100) }
            reader.refresh(now: now * Self.second)
            _ = readings(of: &reader)
            starts.append(reader.saved(keeping: [], firstTime: 0)?.start)
        }
        let place = log.records[list].position
        #expect(starts.prefix(3) == [place, place, nil] && starts[3] ?? 0 > place)
    }

    /// The interrupted instruction is the first of its module; the call before the other is in the module before.
    @Test func `interrupted frames are told apart, behind a checkpoint too`() throws {
        let log = try RecordedLog()
        log.write(.module(0x1000..<0x2000, path: "/a"))
        log.write(.module(0x2000..<0x3000, path: "/b"))
        log.write(.stack(5, [0x2000, 0x2000] + [UInt64](repeating: 0x1800, count: 63), interrupted: [2, 1]))
        log.call(stack: 5)
        var reader = try LogReader(path: log.path)
        reader.trackPending()
        _ = readings(of: &reader)
        let saved = reader.saved(keeping: [], firstTime: 0)
        _ = try save(Checkpoint(reader: try #require(saved), part: FoldedPart([])), besides: log)
        let later = try LogReader(path: log.path)
        #expect(later.isFolded == true)
        for definitions in [reader.definitions, later.definitions] {
            let frames = definitions.stacks[1]
            #expect(frames.indices.filter { frames[$0].isInterrupted } == [1, 64])
            #expect(frames[..<2].map { definitions[$0.module].path } == ["/a", "/b"])
            #expect(frames[..<2].map(\.instruction) == [0x1fff, 0x2000])
        }
    }

    @Test func `a damaged checkpoint is left alone`() throws {
        let log = try RecordedLog()
        var reader = try follower(of: log, calls: 50)
        reader.refresh(now: Self.second)
        _ = readings(of: &reader)
        let saved = reader.saved(keeping: [], firstTime: 0)
        let file = try save(
            Checkpoint(reader: try #require(saved), part: FoldedPart(Array(repeating: 0, count: 999))),
            besides: log)
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        var later = try LogReader(path: log.path)
        #expect(later.isFolded == false)
        #expect(readings(of: &later) == log.expectation())
    }
}

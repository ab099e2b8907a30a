import Foundation
import Testing
import TraceFormat
import TraceLog

struct LogReaderTests {
    @Test func `reads back what the ring wrote`() throws {
        let log = try RecordedLog()
        log.writeMixture(calls: 200)
        log.finish()
        var reader = try LogReader(path: log.path)
        #expect(reader.facts.command == ["x", "--long"])
        #expect(reader.facts.workingDirectory == "/tmp")
        #expect(reader.facts.process == 42 && reader.facts.startTime == 500)
        #expect(reader.facts.ownRanges == [0x1000..<0x2000])
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.damageCount == 0 && reader.unfinished == 0 && reader.fraction == 1)
        #expect(reader.state == .exited)
    }

    @Test(arguments: [1000, 5000])
    func `reads what was spilled and what is still in the ring`(calls: Int) throws {
        let log = try RecordedLog(ringSize: 32 << 10)
        log.writeMixture(calls: calls)
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.damage == [] && reader.state == .recording)
        #expect(reader.unfinished == 0)
    }

    @Test func `a record begun and not finished is no damage`() throws {
        let log = try RecordedLog(ringSize: 32 << 10)
        log.writeMixture(calls: 150)
        log.leaveUnfinished(size: 96)
        log.call()
        log.leaveUnfinished(size: 72)
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.damageCount == 0)
        #expect(reader.unfinished >= 1)
    }

    @Test func `padding left between the two sides of a border is no damage, and a hole is`() throws {
        let log = try RecordedLog(ringSize: 64 << 10)
        log.writeMixture(calls: 1500)
        log.leaveAtBorder(size: 200)
        for _ in 0..<2000 { log.call() }
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.damage == [] && reader.unfinished >= 1)
        // As many bytes as lie behind that border, where nothing was left.
        let damaged = log.records.count - 1500
        var image = try Data(contentsOf: URL(fileURLWithPath: log.path))
        image[Int(log.offset(ofRecord: damaged))] ^= 1
        let path = log.folder.appendingPathComponent("damaged.mapfray").path
        try image.write(to: URL(fileURLWithPath: path))
        reader = try LogReader(path: path)
        #expect(readings(of: &reader) == log.expectation(damaged: damaged))
        #expect(reader.damageCount == 1)
    }

    @Test(arguments: [false, true])
    func `records that came with a later version are skipped and counted, and are no damage`(
        isFlightRecorder: Bool
    ) throws {
        let log = try RecordedLog(ringSize: 32 << 10, isFlightRecorder: isFlightRecorder)
        log.process(command: ["x"])
        log.snapshot(1, starts: [4096])
        for kind in [100, 200, 255] as [UInt32] {
            log.call()
            log.write(EncodedRecord(mf_kind(kind), detail: 7, [1, 2, 3]), defines: kind == 200)
        }
        log.write(.note("later", time: log.clock, code: 99))
        log.call()
        log.finish()
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.damage == [] && reader.unfinished == 0)
        #expect(reader.facts.skipped == 4)
        let said = reader.facts.notes.map(\.text)
        #expect(said.count == 1 && said.allSatisfy { $0.hasPrefix("skipped: 4 records") }, "\(said)")
    }

    @Test func `a log that grows while it is read gives a consistent prefix`() throws {
        let log = try RecordedLog(ringSize: 32 << 10)
        log.writeMixture(calls: 300)
        var reader = try LogReader(path: log.path)
        let entry = reader.next()
        let first = try #require(entry)
        log.writeMixture(calls: 2000)
        let all = [text(of: first, in: reader.definitions)] + readings(of: &reader)
        #expect(all == Array(log.expectation().prefix(all.count)))
        #expect(all.count >= 300 && reader.damageCount == 0)
    }

    @Test func `a call may come before the backtrace it names`() throws {
        let log = try RecordedLog()
        log.call(stack: 77)
        log.write(.stack(77, [0x77]))
        log.call(stack: 78)
        var reader = try LogReader(path: log.path)
        let calls = readings(of: &reader)
        #expect(calls.count == 2 && calls[0].contains("stack 119") && calls[1].contains("stack 0"))
        #expect(reader.undefinedStacks == 1)
    }

    @Test func `snapshots and calls may be interleaved`() throws {
        let log = try RecordedLog()
        log.snapshot(1, starts: (1...250).map { $0 << 12 }) { log.call() }
        log.write(.snapshotBegin(2, time: log.clock))
        log.write(.snapshotChunk(2, [4096]))
        log.write(.snapshotBegin(3, time: log.clock))
        log.write(.snapshotEnd(3, time: log.clock, count: 1))
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader) == log.expectation())
        #expect(reader.incompleteSnapshots == 2)
        #expect(reader.damage.map(\.kind) == [.content])
    }

    @Test func `a backtrace defined again after its module was reloaded is another one`() throws {
        let log = try RecordedLog()
        func define(_ path: String) {
            log.write(.module(0x1000..<0x2000, path: path))
            log.write(.stack(5, [0x1800, 0x9000]))
            log.call(stack: 5)
        }
        for path in ["/a", "/a", "/b"] { define(path) }
        var reader = try LogReader(path: log.path)
        var stacks: [StackID] = []
        while case .call(let call)? = reader.next() { stacks.append(call.stack) }
        #expect(stacks.count == 3 && stacks[0] == stacks[1] && stacks[1] != stacks[2])
        let definitions = reader.definitions
        #expect(stacks.map { definitions[definitions[$0][0].module].path } == ["/a", "/a", "/b"])
        #expect(stacks.allSatisfy { definitions[$0][1].module == .none })
        #expect(definitions[definitions[stacks[0]][0].module].buildID == [1, 2, 3, 4])
    }

    @Test func `a flight recorder's log begins with the first snapshot left`() throws {
        let log = try RecordedLog(ringSize: 32 << 10, isFlightRecorder: true)
        log.process(command: ["x"])
        log.stack(3)
        for round in 1...40 as ClosedRange<UInt64> {
            log.snapshot(round, starts: [4096, 8192])
            for _ in 0..<25 { log.call(stack: 3) }
        }
        var reader = try LogReader(path: log.path)
        #expect(reader.facts.command == ["x"] && reader.facts.isFlightRecorder)
        let all = readings(of: &reader)
        #expect(all == Array(log.expectation().suffix(all.count)))
        #expect(all.first?.hasPrefix("snapshot") == true && all.count > 100)
        #expect(reader.damageCount == 0)
    }

    /// Of the calls before it no other is told: the map that they changed is not known.
    @Test(
        arguments: [(.failure, 42, true), (.failure, 43, false), (.exit, 42, false)]
            as [(Snapshot.Reason, UInt32, Bool)])
    func `a flight recorder that begins with the list of a failure tells which call failed`(
        reason: Snapshot.Reason, thread: UInt32, isTold: Bool
    ) throws {
        let log = try RecordedLog(ringSize: 32 << 10, isFlightRecorder: true)
        log.process(command: ["x"])
        log.stack(3)
        for _ in 0..<2000 { log.call(stack: 3) }
        log.call(error: 12, stack: 3, thread: thread)
        log.snapshot(1, starts: [4096, 8192], reason: reason)
        log.call(stack: 3)
        var reader = try LogReader(path: log.path)
        let last = Array(log.expectation().suffix(3))
        #expect(readings(of: &reader) == (isTold ? [last[1], last[0], last[2]] : [last[1], last[2]]))
        #expect(reader.facts.recorder?.size == 32 << 10)
        #expect(reader.facts.recorder?.overwritten ?? 0 > 100_000)
    }

    @Test func `a flight recorder without a snapshot says so`() throws {
        let log = try RecordedLog(ringSize: 32 << 10, isFlightRecorder: true)
        for _ in 0..<2000 { log.call() }
        var reader = try LogReader(path: log.path)
        #expect(readings(of: &reader).count > 300)
        #expect(reader.damage.map(\.kind) == [.noAnchor])
    }
}

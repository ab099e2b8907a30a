import Foundation
import Testing
import TraceLog

/// Reading a log beside its writer: what is complete, each entry once, and nothing before its time.
struct FollowingTests {
    private static let second: UInt64 = 1_000_000_000

    @Test(arguments: [8 << 10, 32 << 10] as [UInt64])
    func `each round gives what came since, and the rounds together give all`(segment: UInt64) throws {
        let log = try RecordedLog(ringSize: 64 << 10, segmentSize: segment)
        log.writeMixture(calls: 40)
        var reader = try LogReader(path: log.path)
        reader.follow()
        var all: [String] = []
        for calls in [0, 1, 700, 3, 2500, 0, 90] {
            log.writeMixture(calls: calls)
            reader.refresh(now: Self.second)
            all += readings(of: &reader)
            #expect(all == log.expectation())
        }
        log.finish()
        reader.stopFollowing()
        #expect(readings(of: &reader) == [] && reader.damage == [] && reader.unfinished == 0)
        #expect(reader.lateCalls == 0)
    }

    @Test func `what ended just now waits for what other threads may still write`() throws {
        let log = try RecordedLog()
        log.clock = 10 * Self.second
        log.writeMixture(calls: 10)
        var reader = try LogReader(path: log.path)
        reader.follow()
        reader.refresh(now: log.clock)
        #expect(readings(of: &reader) == [])
        reader.refresh(now: log.clock + Self.second)
        #expect(readings(of: &reader) == log.expectation())
    }

    @Test func `an unfinished record is waited for, and given up when the log has long gone on`() throws {
        let log = try RecordedLog()
        log.call()
        var reader = try LogReader(path: log.path)
        reader.follow()
        log.leaveUnfinished(size: 96)
        log.call()
        var all: [String] = []
        for now in [1, 2] {
            reader.refresh(now: UInt64(now) * Self.second)
            all += readings(of: &reader)
            #expect(all.count == 1)
        }
        for now in [3, 4] {
            reader.refresh(now: UInt64(now) * Self.second)
            all += readings(of: &reader)
        }
        #expect(all == log.expectation() && reader.damage == [])
    }

    @Test func `a record that is finished after it was given up is read late`() throws {
        let log = try RecordedLog()
        log.call()
        let place = log.reserve(
            .call(
                .munmap, [4096, 4096], result: 0, error: 0, stack: 0, file: 0, thread: 7, begin: 1100,
                end: 1105))
        log.call()
        var reader = try LogReader(path: log.path)
        reader.follow()
        var all: [String] = []
        for now in [1, 4, 7] {
            reader.refresh(now: UInt64(now) * Self.second)
            all += readings(of: &reader)
        }
        #expect(all == log.expectation() && reader.lateCalls == 0)
        log.complete(place)
        reader.refresh(now: 8 * Self.second)
        let late = readings(of: &reader)
        #expect(late.count == 1 && late.first?.hasPrefix("munmap 1100") == true)
    }

    @Test func `padding at a segment's border is not taken for a record, nor a record for padding`() throws {
        let log = try RecordedLog(ringSize: 32 << 10, segmentSize: 4 << 10)
        var reader = try LogReader(path: log.path)
        reader.follow()
        var all: [String] = []
        for round in 0..<300 {
            log.note(String(repeating: "x", count: round * 7 % 900))
            reader.refresh(now: Self.second)
            all += readings(of: &reader)
            #expect(all.count == round + 1)
        }
        #expect(all == log.expectation() && reader.damage == [] && reader.unfinished == 0)
    }

    @Test func `a flight recorder that overwrites what was not read says so`() throws {
        let log = try RecordedLog(ringSize: 32 << 10, segmentSize: 4 << 10, isFlightRecorder: true)
        log.writeMixture(calls: 100)
        var reader = try LogReader(path: log.path)
        reader.follow()
        reader.refresh(now: Self.second)
        let first = readings(of: &reader)
        #expect(!first.isEmpty && !reader.isOverrun)
        log.stack(500)
        log.call(stack: 500)
        reader.refresh(now: Self.second)
        #expect(readings(of: &reader).last?.contains("stack 500") == true && !reader.isOverrun)
        log.writeMixture(calls: 3000)
        reader.refresh(now: Self.second)
        _ = readings(of: &reader)
        #expect(reader.isOverrun == true)
    }

    /// The ring takes up its next lap between a look at the header and the reading.
    @Test(arguments: [true, false]) func `what leaves the ring while it is read is read where it went`(
        isFollowed: Bool
    ) throws {
        let log = try RecordedLog(ringSize: 64 << 10, segmentSize: 8 << 10)
        log.writeMixture(calls: 700)
        var reader = try LogReader(path: log.path)
        if isFollowed {
            reader.follow()
            reader.refresh(now: Self.second)
        }
        let known = log.expectation()
        log.writeMixture(calls: 1500)
        let all = readings(of: &reader)
        #expect(all.count >= known.count && all == Array(log.expectation().prefix(all.count)))
        #expect(reader.damage == [] && reader.unfinished == 0)
    }

    @Test(arguments: [true, false]) func `what is overwritten while it is read is said to be lost`(
        isFollowed: Bool
    ) throws {
        let log = try RecordedLog(ringSize: 64 << 10, segmentSize: 8 << 10)
        log.process(command: ["x"])
        log.stack(3)
        for _ in 0..<2000 { log.call(stack: 3) }
        log.confine()
        var reader = try LogReader(path: log.path)
        if isFollowed {
            reader.follow()
            reader.refresh(now: Self.second)
        }
        for _ in 0..<1500 { log.call(stack: 3) }
        _ = readings(of: &reader)
        #expect(reader.damage.map(\.kind) == [.overwritten])
    }
}

import Analysis
import Testing
import TraceLog

/// A snapshot cannot say whether it was read before or after a call that ran meanwhile.
struct CallsInFlightTests {
    private let page = SyntheticLog.page

    /// The start's list, with or without a page mapped by a call that overlaps the second snapshot.
    private func report(begin: UInt64, end: UInt64, first: Bool, listed: Bool) -> Report {
        let list = (0..<10).map { index in
            let start = 0x40_0000 + UInt64(index) * 0x10_0000
            return Snapshot.VMA(start: start, end: start + 4 * page, flags: 1)
        }
        let mapped = Snapshot.VMA(start: 0x7000_0000_0000, end: 0x7000_0000_1000, flags: 3)
        var log = SyntheticLog()
        log.now = 2_000_000
        let stack = log.stack("liba.so")
        let call = Call(
            kind: .mmap, arguments: (0, page, 3, 0x22, .max, 0), result: 0x7000_0000_0000, begin: begin,
            end: end,
            thread: 2, stack: stack)
        if first { log.add(call) }
        log.add(snapshot: list + (listed ? [mapped] : []), reason: .exit)
        if !first { log.add(call) }
        return log.investigated().report
    }

    @Test(arguments: [true, false], [true, false])
    func `a call that overlaps the snapshot is neither confirmed nor refuted`(first: Bool, listed: Bool) {
        let report = report(begin: 1_999_900, end: 2_000_500, first: first, listed: listed)
        #expect(report.trust.snapshots == 1)
        #expect(report.trust.exact == 1)
        #expect(report.vmas.last == 10)
    }

    /// A thread that waits for a processor amidst its call, while another makes a call every other microsecond.
    @Test func `a call that waits long is neither confirmed nor refuted`() {
        let place: UInt64 = 0x6000_0000_0000
        let list = (0..<10).map { index in
            let start = 0x40_0000 + UInt64(index) * 0x10_0000
            return Snapshot.VMA(start: start, end: start + 4 * page, flags: 1)
        }
        var log = SyntheticLog()
        log.now = 2_000_000
        log.pace = 2000
        let stack = log.stack("liba.so")
        let begin = log.now - 100
        log.add(
            snapshot: list + [Snapshot.VMA(start: place, end: place + page, flags: 3)], reason: .threshold)
        for _ in 0..<25_000 { log.unmap(log.map(stack: stack), stack: stack) }
        log.add(
            Call(
                kind: .mmap, arguments: (0, page, 3, 0x22, .max, 0), result: place, begin: begin,
                end: log.now, thread: 2, stack: stack))
        let report = log.investigated().report
        #expect(report.trust.snapshots == 1 && report.trust.exact == 1)
        #expect(report.vmas.last == 10)
    }

    @Test func `a call that was over must be in the list`() {
        #expect(report(begin: 1_000_000, end: 1_000_100, first: true, listed: true).trust.exact == 1)
        let missing = report(begin: 1_000_000, end: 1_000_100, first: true, listed: false)
        #expect(missing.trust.exact == 0)
        #expect(missing.trust.worstDifference == 1)
        #expect(missing.vmas.last == 9)
    }

    /// What the list shows of before the attach is not made one with what lies behind the segment.
    @Test func `an attach that overlaps a list reaches as far as its segment`() {
        let place: UInt64 = 0x7000_0000_0000
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        log.add(
            Call(
                kind: .mmap, arguments: (0, 8 * page, 3, 0x22, .max, 0), result: place, begin: 1_000_000,
                end: 1_000_100, stack: stack))
        var attach = Call(
            kind: .shmat, arguments: (1, place, 0o40000, 0, 0, 0), argumentCount: 3, result: place,
            begin: 1_999_900, end: 2_000_500, thread: 2, stack: stack, flags: .hasObservation)
        (attach.observedStart, attach.observedEnd) = (place, place + 4 * page)
        log.add(attach)
        log.now = 2_000_000
        log.add(
            snapshot: [
                Snapshot.VMA(start: place, end: place + 2 * page, flags: 3),
                Snapshot.VMA(start: place + 2 * page, end: place + 3 * page, flags: 3),
                Snapshot.VMA(start: place + 3 * page, end: place + 8 * page, flags: 3),
            ], reason: .settle)
        #expect(log.investigated().report.vmas.last == 11)
    }

    /// The list is from before the detach, which has taken the pieces behind the first as well.
    @Test func `a detach that overlaps a list reaches as far as its segment`() {
        let place: UInt64 = 0x7000_0000_0000
        let file = FileID(rawValue: 1)
        var log = SyntheticLog()
        let stack = log.stack("liba.so")
        var attach = Call(
            kind: .shmat, arguments: (1, place, 0, 0, 0, 0), argumentCount: 3, result: place,
            begin: 1_000_000, end: 1_000_100, stack: stack, flags: .hasObservation)
        (attach.observedStart, attach.observedEnd) = (place, place + 8 * page)
        log.add(attach)
        log.add(
            Call(
                kind: .munmap, arguments: (place + 2 * page, page, 0, 0, 0, 0), argumentCount: 2,
                begin: 1_000_200, end: 1_000_300, stack: stack))
        log.add(
            Call(
                kind: .shmdt, arguments: (place, 0, 0, 0, 0, 0), argumentCount: 1, begin: 1_999_900,
                end: 2_000_500, thread: 2, stack: stack))
        log.now = 2_000_000
        let shared: UInt64 = 11
        log.add(
            snapshot: [
                Snapshot.VMA(start: place, end: place + 2 * page, flags: shared, inode: 7, file: file),
                Snapshot.VMA(
                    start: place + 3 * page, end: place + 8 * page, flags: shared, offset: 3 * page, inode: 7,
                    file: file),
            ], reason: .settle)
        #expect(log.investigated().report.vmas.last == 9)
    }

    @Test func `a VMA that no call explains is not observed`() {
        var log = SyntheticLog()
        let list = (0..<11).map { index in
            let start = 0x40_0000 + UInt64(index) * 0x10_0000
            return Snapshot.VMA(start: start, end: start + 4 * page, flags: 1)
        }
        log.add(snapshot: list, reason: .exit)
        let found = log.investigated()
        #expect(found.report.calls.unobserved == 1)
        #expect(found.sites.first { $0.origin == .notObserved }?.peak == 1)
    }
}

import Testing

@testable import TraceLog

struct CallSequencerTests {
    /// The order in which calls come out, by their thread numbers.
    private func order(_ calls: [Call], capacity: Int = 64) -> [UInt32] {
        var sequencer = CallSequencer(pageSize: 4096, capacity: capacity)
        var result: [UInt32] = []
        func take() {
            if case (.call(let call), _)? = sequencer.pop() { result.append(call.thread) }
        }
        for call in calls {
            if sequencer.isFull { take() }
            sequencer.insert(call)
        }
        while sequencer.count > 0 { take() }
        return result
    }

    private func call(
        _ kind: CallKind, _ arguments: [UInt64], result: UInt64 = 0, error: UInt16 = 0,
        at time: Range<UInt64>,
        thread: UInt32
    ) -> Call {
        let all = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
        return Call(
            kind: kind, arguments: (all[0], all[1], all[2], all[3], all[4], all[5]), result: result,
            error: error,
            begin: time.lowerBound, end: time.upperBound, thread: thread)
    }

    private func mmap(_ address: UInt64, at time: Range<UInt64>, flags: UInt64 = 0x22, thread: UInt32) -> Call
    {
        call(.mmap, [0, 4096, 3, flags], result: address, at: time, thread: thread)
    }

    private func munmap(_ address: UInt64, at time: Range<UInt64>, thread: UInt32) -> Call {
        call(.munmap, [address, 4096], at: time, thread: thread)
    }

    @Test func `calls that do not overlap leave by time`() {
        let calls = [30, 10, 20, 50, 40].map { munmap(0x1000, at: $0..<$0 + 5, thread: UInt32($0)) }
        #expect(order(calls) == [10, 20, 30, 40, 50])
    }

    @Test func `the window is bounded`() {
        let calls = [30, 40, 10].map { munmap(0x1000, at: $0..<$0 + 5, thread: UInt32($0)) }
        #expect(order(calls, capacity: 2) == [30, 10, 40])
    }

    @Test func `addresses are released before the kernel gives them out again`() {
        let calls = [
            mmap(0x5000, at: 10..<20, thread: 1), munmap(0x5000, at: 5..<100, thread: 2),
        ]
        #expect(order(calls) == [2, 1])
        #expect(order(calls.reversed()) == [2, 1])
    }

    /// A thread that loses the processor for 16 ms comes back behind the 5,000 calls that others made meanwhile.
    @Test func `a release that comes late is put before the many calls that followed it`() {
        let others = (0..<10_000).map { number in
            munmap(0x9000, at: 20 + 3 * number..<22 + 3 * number, thread: 3)
        }
        let calls =
            [mmap(0x5000, at: 10..<20, thread: 1)] + others + [munmap(0x5000, at: 5..<40_000, thread: 2)]
        let order = order(calls, capacity: CallSequencer.window)
        #expect(order.prefix(2) == [2, 1] && order.count == 10_002)
    }

    @Test func `a release that began after the claim ended is the release of the new mapping`() {
        #expect(
            order([mmap(0x5000, at: 10..<20, thread: 1), munmap(0x5000, at: 21..<30, thread: 2)]) == [1, 2])
    }

    @Test func `other addresses leave by time`() {
        #expect(
            order([mmap(0x5000, at: 10..<20, thread: 1), munmap(0x6000, at: 5..<100, thread: 2)]) == [1, 2])
    }

    @Test func `MAP_FIXED proves nothing, MAP_FIXED_NOREPLACE does`() {
        let release = munmap(0x5000, at: 5..<100, thread: 2)
        #expect(order([mmap(0x5000, at: 10..<20, flags: 0x32, thread: 1), release]) == [1, 2])
        #expect(order([mmap(0x5000, at: 10..<20, flags: 0x100022, thread: 1), release]) == [2, 1])
    }

    @Test func `a call that stood still came before those that began long after it`() {
        let replaced = mmap(0x5000, at: 12_000_000..<12_001_000, flags: 0x32, thread: 1)
        let locked = call(.mlock, [0x5000, 4096], at: 5..<20_000_000, thread: 2)
        #expect(order([replaced, locked]) == [2, 1])
        #expect(order([locked, replaced]) == [2, 1])
        let soon = mmap(0x5000, at: 12_000..<13_000, flags: 0x32, thread: 1)
        #expect(order([soon, locked]) == [1, 2])
        // It failed because the other had released the addresses.
        let released = munmap(0x5000, at: 12_000_000..<12_001_000, thread: 1)
        let failed = call(.mlock, [0x5000, 4096], error: 12, at: 5..<20_000_000, thread: 2)
        #expect(order([released, failed]) == [1, 2])
    }

    /// It waited for a processor before it entered the kernel; others had and gave back the same addresses meanwhile.
    @Test func `a call that stood still and got addresses that were free came behind those that had them`() {
        let calls = [
            munmap(0x5000, at: 2_000_000..<2_000_010, thread: 1),
            mmap(0x5000, at: 2_200_000..<2_200_010, thread: 3),
            munmap(0x5000, at: 2_400_000..<2_400_010, thread: 4),
            mmap(0x5000, at: 5..<5_000_000, thread: 2),
        ]
        #expect(order(calls) == [1, 3, 4, 2])
    }

    @Test func `orders that nothing decides are counted`() {
        func undecided(_ calls: Call...) -> Int {
            var sequencer = CallSequencer(pageSize: 4096, capacity: 64)
            for call in calls { sequencer.insert(call) }
            return sequencer.undecided
        }
        let (release, fixed) = (
            munmap(0x5000, at: 5..<100, thread: 2), mmap(0x5000, at: 10..<20, flags: 0x32, thread: 1)
        )
        #expect(undecided(fixed, release) == 1)
        #expect(undecided(release, fixed) == 1)
        #expect(undecided(mmap(0x5000, at: 10..<20, thread: 1), release) == 0)
        #expect(undecided(mmap(0x6000, at: 10..<20, flags: 0x32, thread: 1), release) == 0)
        #expect(undecided(munmap(0x5000, at: 10..<20, thread: 1), release) == 0)
        #expect(undecided(mmap(0x5000, at: 101..<120, flags: 0x32, thread: 1), release) == 0)
        #expect(undecided(mmap(0x5000, at: 10..<20, flags: 0x32, thread: 2), release) == 0)
    }

    @Test func `a call that needed the mapping comes before its release`() {
        let release = munmap(0x5000, at: 10..<20, thread: 1)
        let arguments: [UInt64] = [0x5000, 4096, 1]
        let success = call(.mprotect, arguments, at: 5..<100, thread: 2)
        let failure = call(.mprotect, arguments, error: 12, at: 5..<100, thread: 2)
        #expect(order([release, success]) == [2, 1])
        #expect(order([release, failure]) == [1, 2])
    }

    @Test func `a call that missed the mapping comes after its release`() {
        let release = munmap(0x5000, at: 5..<100, thread: 1)
        let arguments: [UInt64] = [0x5000, 4096, 4]
        #expect(order([call(.madvise, arguments, error: 12, at: 10..<20, thread: 2), release]) == [1, 2])
        #expect(order([call(.madvise, arguments, at: 10..<20, thread: 2), release]) == [2, 1])
    }

    @Test func `mremap that moved or shrank releases, that moved or grew claims`() {
        let claim = mmap(0x5000, at: 10..<20, thread: 1)
        let moved = call(.mremap, [0x5000, 4096, 8192, 1], result: 0x9000, at: 5..<100, thread: 2)
        let shrunk = call(.mremap, [0x4000, 8192, 4096, 0], result: 0x4000, at: 5..<100, thread: 2)
        let kept = call(.mremap, [0x5000, 4096, 4096, 5], result: 0x9000, at: 5..<100, thread: 2)
        #expect(order([claim, moved]) == [2, 1])
        #expect(order([claim, shrunk]) == [2, 1])
        #expect(order([claim, kept]) == [1, 2])
        let release = munmap(0x5000, at: 5..<100, thread: 2)
        let grown = call(.mremap, [0x4000, 4096, 8192, 0], result: 0x4000, at: 10..<20, thread: 1)
        #expect(order([grown, release]) == [2, 1])
    }

    @Test func `a break that moved down releases`() {
        let calls = [
            call(.brk, [0x6000], result: 0x6000, at: 0..<1, thread: 1),
            mmap(0x5000, at: 10..<20, thread: 3),
            call(.brk, [0x5000], result: 0x5000, at: 5..<100, thread: 2),
        ]
        #expect(order(calls) == [1, 2, 3])
    }

    @Test func `rules chain`() {
        // An mprotect of the old mapping, its release, and two mappings that took its place in turn.
        let calls = [
            mmap(0x5000, at: 10..<20, thread: 3), munmap(0x5000, at: 21..<25, thread: 4),
            mmap(0x5000, at: 26..<30, thread: 5), munmap(0x5000, at: 5..<100, thread: 2),
            call(.mprotect, [0x5000, 4096, 0], at: 4..<200, thread: 1),
        ]
        #expect(order(calls) == [1, 2, 3, 4, 5])
    }

    @Test func `a call on the new mapping stays behind a late release of the old one`() {
        let calls = [
            mmap(0x5000, at: 10..<20, thread: 2), call(.mprotect, [0x5000, 4096, 0], at: 30..<60, thread: 3),
            munmap(0x5000, at: 5..<50, thread: 1),
        ]
        #expect(order(calls) == [1, 2, 3])
    }

    /// The thread that made it shared loses the processor behind the kernel's act; mprotect has since taken the rights
    /// away that the one which made it private gave.
    @Test func `memory that is not shared as a mapping makes it was mapped by another since`() {
        var shared = call(
            .mmap, [0x5000, 4096, 3, 0x31], result: 0x5000, at: 10..<100, thread: 1)
        (shared.observedStart, shared.observedEnd, shared.observedRights) = (0x5000, 0x6000, 0)
        let rest = [
            call(.mmap, [0x5000, 4096, 1, 0x32], result: 0x5000, at: 20..<30, thread: 2),
            call(.mprotect, [0x5000, 4096, 0], at: 40..<50, thread: 3),
        ]
        #expect(order([shared] + rest) == [1, 2, 3])
        #expect(order(rest + [shared]) == [1, 2, 3])
    }

    @Test func `what the kernel showed is the work of the last that may have done it`() {
        let shared = [
            call(.mmap, [0x5000, 4096, 1, 0x31], result: 0x5000, at: 5..<30, thread: 1),
            call(.mmap, [0x5000, 4096, 1, 0x31], result: 0x5000, at: 60..<70, thread: 3),
        ]
        var own = call(.mmap, [0x5000, 4096, 1, 0x32], result: 0x5000, at: 20..<100, thread: 2)
        (own.observedStart, own.observedEnd, own.observedRights) = (0x5000, 0x6000, 9)
        #expect(order(shared + [own]) == [1, 2, 3])
    }

    /// The boundaries in doubt after a call of thread 1 that had the kernel show pages 4 to 8 while another call was on.
    private func doubts(beside other: Call) -> [Range<UInt64>] {
        var sequencer = CallSequencer(pageSize: 4096)
        var asked = call(.mprotect, [0x4000, 0x4000, 1], at: 50..<60, thread: 1)
        (asked.observedStart, asked.observedEnd) = (0x4000, 0x8000)
        sequencer.insert(asked)
        sequencer.insert(other)
        _ = sequencer.pop()
        return sequencer.unsettled(atObservationOf: asked)
    }

    @Test func `a call under way moves the boundaries at its own ends, not its neighbours' others`() {
        #expect(doubts(beside: call(.munmap, [0x8000, 4096], at: 40..<100, thread: 2)) == [0x8000..<0x9001])
        #expect(doubts(beside: call(.munmap, [0x3000, 100], at: 40..<100, thread: 2)) == [0x3000..<0x4001])
        #expect(doubts(beside: call(.munmap, [0x9000, 4096], at: 40..<100, thread: 2)).isEmpty)
        let moved = call(.mremap, [0x20000, 0x5000, 4096, 3], result: 0x3000, at: 40..<100, thread: 2)
        #expect(doubts(beside: moved) == [0x3000..<0x4001])
        let failed = call(.mremap, [0x20000, 0x5000, 4096, 3, 0x7000], error: 12, at: 40..<100, thread: 2)
        #expect(doubts(beside: failed) == [0x7000..<0x8001])
    }

    @Test func `a call under way that leaves every VMA moves no boundary`() {
        let all: [UInt64] = [0x3000, 0x6000]
        for other in [
            call(.mremap, all + [0x8000, 1], error: 14, at: 40..<100, thread: 2),
            call(.mmap, all + [3, 0x10_0022], error: 17, at: 40..<100, thread: 2),
            call(.madvise, all + [4], at: 40..<100, thread: 2),
        ] {
            #expect(doubts(beside: other).isEmpty)
        }
        let sealed = call(.mremap, all + [0x4000, 1], error: 1, at: 40..<100, thread: 2)
        #expect(doubts(beside: sealed) == [0x3000..<0x9001])
    }

    @Test func `answers that contradict each other end`() {
        let calls = (0..<500 as Range<UInt32>).map { index in
            call(
                .mremap, [index % 2 == 0 ? 0x5000 : 0x9000, 4096, 4096, 1],
                result: index % 2 == 0 ? 0x9000 : 0x5000,
                at: 0..<1000 + UInt64(index % 7), thread: index)
        }
        #expect(Set(order(calls)) == Set(0..<500))
    }
}

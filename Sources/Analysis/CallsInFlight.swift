import TraceLog

/// Which addresses calls were changing while a snapshot was read, so that it can say nothing about them.
///
/// Remembers the latest calls in a ring of fixed size; a snapshot that outlasts the ring is unsettled as a
/// whole.
struct CallsInFlight {
    private struct Recent {
        var end: UInt64
        var first: Range<UInt64>
        var second: Range<UInt64>
    }

    private static let capacity = 1 << 14
    private static let nowhere: Range<UInt64> = 0..<0
    static let everywhere: Range<UInt64> = 0..<UInt64.max

    private let pageSize: UInt64
    private var ring: [Recent] = []
    private var next = 0
    private var lastBreak: UInt64 = 0

    init(pageSize: UInt64) {
        self.pageSize = pageSize
        ring.reserveCapacity(Self.capacity)
    }

    /// Remembers a call that was applied.
    mutating func note(_ call: Call) {
        let ranges = touched(by: call)
        let recent = Recent(end: call.end, first: ranges.0, second: ranges.1)
        if ring.count < Self.capacity {
            ring.append(recent)
        } else {
            ring[next] = recent
        }
        next = (next + 1) & (Self.capacity - 1)
        if call.kind == .brk { lastBreak = call.result }
    }

    /// The ranges of calls applied before the snapshot that may have run while it was read, and of `later`
    /// ones
    /// that follow it in the log but began before it ended. Sorted, without overlaps.
    func unsettled(around snapshot: Snapshot, later: [Call]) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        for recent in ring where recent.end > snapshot.begin { ranges += [recent.first, recent.second] }
        for call in later where call.begin < snapshot.end {
            let touched = touched(by: call)
            ranges += [touched.0, touched.1]
        }
        if ring.count == Self.capacity, ring[next].end > snapshot.begin { return [Self.everywhere] }
        return coalesced(ranges.filter { !$0.isEmpty })
    }

    /// What a call may have changed, a page wider on each side because neighbours may merge.
    private func touched(by call: Call) -> (Range<UInt64>, Range<UInt64>) {
        let (a, b, c, _, _, _) = call.arguments
        switch call.kind {
        case .mmap, .mapShadowStack:
            return (widened(call.succeeded ? call.result : a, b), Self.nowhere)
        case .mremap:
            return (widened(a, max(b, c)), call.succeeded ? widened(call.result, max(b, c)) : Self.nowhere)
        case .brk:
            let low = min(lastBreak, call.result)
            return (widened(low, max(lastBreak, call.result) - low), Self.nowhere)
        case .mlockall, .munlockall: return (Self.everywhere, Self.nowhere)
        case .shmat: return (widened(call.result, pageSize), Self.nowhere)
        case .shmdt, .ioDestroy: return (widened(a, pageSize), Self.nowhere)
        case .ioSetup: return (call.observedStart..<max(call.observedStart, call.observedEnd), Self.nowhere)
        case .prctl: return (widened(c, call.arguments.3), Self.nowhere)
        default: return (widened(a, b), Self.nowhere)
        }
    }

    private func widened(_ start: UInt64, _ length: UInt64) -> Range<UInt64> {
        let low = start > pageSize ? start - pageSize : 0
        let (end, overflow) = start.addingReportingOverflow(length)
        let (high, overflowAgain) = end.addingReportingOverflow(2 * pageSize)
        return low..<(overflow || overflowAgain ? UInt64.max : high)
    }
}

private func coalesced(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if let last = result.last, range.lowerBound <= last.upperBound {
            result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
            result.append(range)
        }
    }
    return result
}

import AddressSpace
import TraceLog

/// What the standard report needs, gathered in the one pass.
///
/// Codable: checkpoints hold it.
struct Observation: ReplayObserver, Codable {
    /// Totals at an instant.
    struct Totals: Sendable, Codable {
        var count = 0
        var time: UInt64 = 0
        var bytes: UInt64 = 0
        /// VMAs that appeared and vanished since the first snapshot.
        var appeared = 0
        var vanished = 0
        /// Of those that appeared: cut off another VMA.
        var split = 0
    }

    private let ownRanges: [Range<UInt64>]
    private(set) var sites: SiteTable
    private(set) var series = CountSeries()
    private(set) var failures = FailedCalls()
    private(set) var trust = Trust()
    private(set) var stock = SplitStock()
    private(set) var limits: Limits?
    private(set) var notes: [Note] = []
    private(set) var now = Totals()
    private(set) var peak = Totals()
    private(set) var startTime: UInt64 = 0
    private(set) var first: Int?
    /// The tracer's own VMAs; constant, because it maps nothing after its start.
    private(set) var tracer = 0
    private(set) var calls = 0
    private(set) var failed = 0
    private(set) var withoutStack = 0
    private(set) var threads = ThreadSet()
    /// Whether the kernel's lists ended with a [vsyscall] line.
    private(set) var hasVsyscall = false
    private(set) var firstFailure: FirstFailure?

    /// What snapshots said of the replay.
    struct Trust: Sendable, Codable {
        var snapshots = 0
        var exact = 0
        var worst = 0
        var corrections = Corrections()
    }

    /// - Parameters:
    ///   - limit: a limit to hold every call against; nil: none.
    ///   - unit: what VMAs are put together by.
    init(ownRanges: [Range<UInt64>], limit: Int? = nil, unit: SiteUnit = .frame) {
        self.ownRanges = ownRanges
        sites = SiteTable(unit: unit)
        firstFailure = limit.map { FirstFailure(limit: $0, ownRanges: ownRanges) }
    }

    @inline(__always)
    mutating func willApply(_ call: Call, in space: borrowing AddressSpace) {
        firstFailure?.willApply(call, in: space)
    }

    mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        begin(call.begin)
        now.time = max(now.time, call.end)
        calls &+= 1
        threads.insert(call.thread)
        if call.stack == .none { withoutStack &+= 1 }
        sites.called(call)
        if FailedCall.isFailure(call) { noteFailure(call, countBefore, in: space) }
        count(space.changes, by: call, in: space)
    }

    mutating func reconciled(in space: borrowing AddressSpace) { count(space.changes, by: nil, in: space) }

    mutating func adopted(_ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace) {
        begin(snapshot.begin)
        now.time = max(now.time, snapshot.end)
        hasVsyscall = snapshot.hasVsyscall
        count(space.changes, by: nil, in: space)
        firstFailure?.adopted(snapshot, comparison, in: space)
        if first == nil {
            first = space.count
            tracer = snapshot.count(within: ownRanges)
            now = Totals(count: now.count, time: now.time, bytes: now.bytes)
            peak = now
        }
        guard !comparison.isFirst else { return }
        trust.snapshots += 1
        if comparison.isExact { trust.exact += 1 }
        trust.worst = max(trust.worst, comparison.differences.count)
    }

    /// The same as if this had seen it all; other units than backtraces begin with what lives.
    mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
        let (failure, unit) = (firstFailure, sites.slots.unit)
        self = summary.observation
        firstFailure = failure
        firstFailure?.resumed(summary, in: space)
        sites.regroup(by: unit, in: space, at: now.time)
    }

    mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {
        switch entry {
        case .limits(let limits):
            self.limits = limits
            failures.note(limits)
        case .note(let note): notes.append(note)
        case .end(_, let time), .child(_, let time, _): now.time = max(now.time, time)
        case .call, .folded, .observed, .grown, .snapshot, .childExecutes: break
        }
    }

    /// Nothing more happened until then.
    mutating func wait(until time: UInt64) { now.time = max(now.time, time) }

    /// Call once, at the end.
    /// - Parameters:
    ///   - killed: when a process was killed, whose log ends with its last record.
    ///   - until: the last instant that is asked for. CLOCK_MONOTONIC nanoseconds, both.
    mutating func finish(_ space: borrowing AddressSpace, killed: UInt64? = nil, until: UInt64? = nil) {
        if let killed, startTime != 0 { wait(until: min(killed, until ?? .max)) }
        trust.corrections = space.corrections
        stock = SplitStock(space)
        series.note(space.count, bytes: space.mappedBytes, calls: calls, at: now.time)
        sites.finish()
    }

    /// The tracer's own VMAs, which lists alone show and name, belong to no site.
    private func isOwn(_ change: Change) -> Bool {
        ownRanges.contains { $0.lowerBound <= change.start && change.end <= $0.upperBound }
    }

    private mutating func begin(_ time: UInt64) {
        if startTime == 0 { startTime = time }
    }

    private mutating func noteFailure(_ call: Call, _ count: Int, in space: borrowing AddressSpace) {
        if call.kind != .brk { failed &+= 1 }
        failures.note(call, count: count, in: space)
    }

    private mutating func count(_ changes: ChangeList, by call: Call?, in space: borrowing AddressSpace) {
        guard !changes.isEmpty else { return }
        for change in changes {
            if first != nil && change.kind != .named || !isOwn(change) {
                sites.changed(change, by: call, at: now.time)
            }
            switch change.kind {
            case .named: break
            case .vanished: now.vanished &+= 1
            case .appeared:
                now.appeared &+= 1
                if change.owner.cause == .split { now.split &+= 1 }
            }
        }
        now.count = space.count
        now.bytes = space.mappedBytes
        series.note(now.count, bytes: now.bytes, calls: calls, at: now.time)
        if now.count > peak.count {
            peak = now
            sites.markPeak()
        }
    }
}

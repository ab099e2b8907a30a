package import AddressSpace
package import TraceLog

/// Boundaries between neighbouring VMAs that have one reason and one pair of sites (`report --json`, "boundaries").
package struct BoundaryGroup: Codable, Sendable {
    package var count: Int
    /// Why the two are not one VMA, the first obstacle of each boundary.
    package var reason: String
    /// The sites of the VMAs before and behind the boundary.
    package var left: String
    package var right: String
    /// The site that last freed the hole; null if there is none, or nobody is known.
    @Nullable package var hole: String?
}

/// Counts the boundaries at the highest count by reason and sites, in a second pass that knows that count.
package struct BoundaryCounter: ReplayObserver {
    private struct Key: Hashable {
        var reason: String
        var left: String
        var right: String
        var hole: String?
    }

    private let names: SiteNames
    private let ownRanges: [Range<UInt64>]
    /// VMAs at which to count; the tracer's own among them.
    private let target: Int
    private var releases: ReleaseTable
    private var groups: [Key: Int] = [:]
    private var isDone = false

    /// - Parameter target: the highest count of the replay, the tracer's own VMAs among them.
    package init(names: SiteNames, facts: ProcessFacts, target: Int) {
        self.names = names
        self.target = target
        ownRanges = facts.ownRanges
        releases = ReleaseTable(pageSize: facts.pageSize)
    }

    /// Most first.
    package var result: [BoundaryGroup] {
        groups.map {
            BoundaryGroup(count: $1, reason: $0.reason, left: $0.left, right: $0.right, hole: $0.hole)
        }
        .sorted { ($0.count, $1.reason, $1.left, $1.right) > ($1.count, $0.reason, $0.left, $0.right) }
    }

    package mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        if isDone { return }
        releases.note(call)
        if space.count == target { count(space) }
    }

    package mutating func reconciled(in space: borrowing AddressSpace) {
        if !isDone, space.count == target { count(space) }
    }

    package mutating func adopted(
        _ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace
    ) {
        if !isDone, space.count == target { count(space) }
    }

    package mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {}

    /// Neighbours of the tracer's own VMAs are neighbours of each other without it.
    private mutating func count(_ space: borrowing AddressSpace) {
        isDone = true
        var vmas: [VMA] = []
        space.forEach(from: 0) {
            if !isOwn($0) { vmas.append($0) }
            return true
        }
        for (left, right) in zip(vmas, vmas.dropFirst()) {
            groups[key(left, right, space.obstacles(between: left, and: right).first), default: 0] += 1
        }
    }

    private func key(_ left: VMA, _ right: VMA, _ obstacle: MergeObstacle?) -> Key {
        let reason = obstacle?.summary(left, right) ?? "no call has tried to merge them"
        var hole: String?
        if case .hole? = obstacle {
            hole = releases.maker(ofHole: left.end..<right.start).map { names.name(of: $0.stack) }
        }
        return Key(
            reason: reason, left: names.name(of: left.owner), right: names.name(of: right.owner), hole: hole)
    }

    private func isOwn(_ vma: VMA) -> Bool {
        ownRanges.contains { $0.lowerBound <= vma.start && vma.end <= $0.upperBound }
    }
}

extension Investigation {
    /// Adds to the report why neighbours at the peak are not one VMA.
    /// - Parameters:
    ///   - source: the same log from its beginning.
    ///   - inherited: what a forked child got from its parent.
    ///   - progress: called now and then with the fraction read, 0 to 1.
    package mutating func countBoundaries<Source: EntrySource & ~Copyable>(
        _ source: inout Source, inherited: consuming AddressSpace? = nil, progress: ((Double) -> Void)? = nil
    ) {
        var counter = BoundaryCounter(
            names: names, facts: source.facts, target: report.vmas.peak + report.vmas.tracer)
        var replay = Replay(facts: source.facts, until: peakTime)
        if let inherited { replay.inherit(inherited) }
        replay.run(&source, &counter, progress: progress)
        report.boundaries = counter.result
        recognizeByBoundaries()
    }
}

package import AddressSpace
package import TraceLog

/// The snapshots of a log, and how the rebuilt map differed from each.
package struct SnapshotChecks: ReplayObserver {
    /// When the first call or snapshot began, CLOCK_MONOTONIC nanoseconds.
    package private(set) var start: UInt64?
    /// Each snapshot without its list.
    package private(set) var comparisons: [(snapshot: Snapshot, comparison: Comparison)] = []
    /// Sentences about what was not checked.
    package private(set) var notes: [String] = []

    package mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
        if start == nil { start = call.begin }
    }

    package mutating func adopted(
        _ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace
    ) {
        if start == nil { start = snapshot.begin }
        var snapshot = snapshot
        snapshot.vmas = []
        comparisons.append((snapshot, comparison))
    }

    package mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
        let (all, exact) = summary.snapshots
        notes.append("\(exact) of \(all) snapshots were exact in the part of the log that is folded up")
    }

    package mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {
        if case .note(let note) = entry { notes.append(note.text) }
    }
}

extension Replay {
    /// Reads the source to its end and keeps what each snapshot said. Stands in this room because here the replay's code is
    /// fitted to its source and its observer: elsewhere every call would go through their protocols.
    /// - Parameter progress: called now and then with the fraction read, 0 to 1.
    package mutating func check(_ source: inout ReadAhead, progress: @escaping (Double) -> Void)
        -> SnapshotChecks
    {
        var checks = SnapshotChecks(start: source.facts.firstTime)
        run(&source, &checks, progress: progress)
        return checks
    }
}

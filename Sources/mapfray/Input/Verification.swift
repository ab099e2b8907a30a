import AddressSpace
import Analysis
import Reports
import TraceLog

/// Replays a log and keeps what each snapshot said.
enum Verification {
    static func run(_ log: RecordedLog) throws(Failure) -> VerificationResult {
        var reader = try log.open()
        var observer = Observer(start: reader.facts.firstTime)
        var replay = Replay(facts: reader.facts)
        if let inherited = try log.inheritance(into: &reader) { replay.inherit(inherited) }
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        replay.run(&source, &observer) { progress.show($0) }
        progress.clear()
        log.warn(ofDamage: source.damageText)
        return observer.result(log, source, replay.space)
    }

    private struct Observer: ReplayObserver {
        private static let shown = 20

        /// When the first call or snapshot began, CLOCK_MONOTONIC nanoseconds.
        private var start: UInt64?
        private var comparisons: [(snapshot: Snapshot, comparison: Comparison)] = []
        private var notes: [String] = []

        init(start: UInt64?) { self.start = start }

        mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
            if start == nil { start = call.begin }
        }

        /// Keeps the facts and lets go of the list.
        mutating func adopted(
            _ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace
        ) {
            if start == nil { start = snapshot.begin }
            var snapshot = snapshot
            snapshot.vmas = []
            comparisons.append((snapshot, comparison))
        }

        mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
            let (all, exact) = summary.snapshots
            notes.append("\(exact) of \(all) snapshots were exact in the part of the log that is folded up")
        }

        mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {
            if case .note(let note) = entry { notes.append(note.text) }
        }

        func result(
            _ log: RecordedLog, _ source: borrowing ReadAhead, _ space: borrowing AddressSpace
        ) -> VerificationResult {
            var result = VerificationResult(pid: log.process)
            let definitions = source.definitions
            for (snapshot, comparison) in comparisons {
                result.snapshots.append(entry(snapshot, comparison, space, definitions))
            }
            result.corrections = named(space.corrections)
            result.undecidedOrders = source.undecidedOrders
            result.lost = source.lostRecords
            result.damage = source.damageText
            result.notes = notes + source.facts.notes.map(\.text)
            return result
        }

        private func entry(
            _ snapshot: Snapshot, _ comparison: Comparison, _ space: borrowing AddressSpace,
            _ definitions: Definitions
        ) -> VerificationResult.Comparison {
            var lines: [String] = []
            for difference in comparison.differences.prefix(Self.shown) {
                lines += self.lines(difference, space, definitions)
            }
            return VerificationResult.Comparison(
                number: snapshot.number, reason: "\(snapshot.reason)",
                time: Double(snapshot.begin &- (start ?? snapshot.begin)) / 1e9, vmas: comparison.kernelCount,
                loaded: comparison.isFirst, unsettled: comparison.unsettled,
                different: comparison.differences.count,
                differences: lines)
        }

        private func lines(
            _ difference: Comparison.Difference, _ space: borrowing AddressSpace, _ definitions: Definitions
        ) -> [String] {
            switch difference {
            case .onlyInModel(let vma): ["- " + space.mapsText(vma, definitions)]
            case .onlyInKernel(let vma): ["+ " + SnapshotLine.text(vma, definitions)]
            case .differing(let model, let kernel):
                ["- " + space.mapsText(model, definitions), "+ " + SnapshotLine.text(kernel, definitions)]
            }
        }

        private func named(_ corrections: Corrections) -> [String: Int] {
            [
                "file_identity": corrections.fileIdentity, "anon_vma": corrections.anonVMA,
                "unobserved": corrections.unobserved, "snapshot": corrections.snapshot,
                "flags": corrections.flags,
                "uncertain": corrections.uncertain,
            ]
        }
    }
}

import AddressSpace
import Analysis
import Reports
import TraceLog

/// Replays a log and keeps what each snapshot said.
enum Verification {
    static func run(_ log: RecordedLog) throws(Failure) -> VerificationResult {
        var reader = try log.open()
        var replay = Replay(facts: reader.facts)
        if let inherited = try log.inheritance(into: &reader) { replay.inherit(inherited) }
        var source = ReadAhead(reader)
        let progress = ProgressLine()
        let checks = replay.check(&source) { progress.show($0) }
        progress.clear()
        log.warn(ofDamage: source.damageText)
        return checks.result(log, source, replay.space)
    }
}

extension SnapshotChecks {
    /// Differences of one snapshot that are shown.
    private static var shown: Int { 20 }

    fileprivate func result(
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

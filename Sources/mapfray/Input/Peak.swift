import AddressSpace
import Analysis
import TraceLog

/// The highest count that a process reached, from a pass that learns nothing else.
struct Peak {
    let log: RecordedLog
    /// The tracer's own among them.
    let vmas: Int
    /// Of these, the tracer's own.
    let tracer: Int
    /// Calls, and those of them that failed; what was folded up is not counted.
    let calls: Int
    let failed: Int
    let isDamaged: Bool
    /// Sentences about processes that went on unrecorded.
    let notRecorded: [String]

    init(of log: RecordedLog) throws(Failure) {
        self.log = log
        if let pass = try log.indexedPass(until: nil) {
            (vmas, tracer, calls, failed) = (pass.highest, pass.tracer, pass.calls, pass.failed)
            (isDamaged, notRecorded) = (!pass.source.damageText.isEmpty, pass.notRecorded)
            return
        }
        var reader = try log.open()
        var observer = Observer(ownRanges: reader.facts.ownRanges)
        var replay = Replay(facts: reader.facts)
        replay.run(&reader, &observer)
        (vmas, tracer) = (observer.highest, observer.tracer ?? 0)
        (calls, failed) = (observer.calls, observer.failed)
        (isDamaged, notRecorded) = (!reader.damageText.isEmpty, observer.notRecorded)
    }

    private struct Observer: ReplayObserver {
        let ownRanges: [Range<UInt64>]
        var highest = 0
        var tracer: Int?
        var calls = 0
        var failed = 0
        var notRecorded: [String] = []

        mutating func applied(_ call: Call, countBefore: Int, in space: borrowing AddressSpace) {
            highest = max(highest, space.count)
            calls += 1
            if call.error != 0 { failed += 1 }
        }

        mutating func adopted(
            _ snapshot: Snapshot, _ comparison: Comparison, in space: borrowing AddressSpace
        ) {
            highest = max(highest, space.count)
            tracer = tracer ?? snapshot.count(within: ownRanges)
        }

        mutating func resumed(_ summary: FoldedSummary, in space: borrowing AddressSpace) {
            highest = summary.peak
            tracer = summary.tracer
            notRecorded = summary.notRecorded
        }

        mutating func noticed(_ entry: LogEntry, in space: borrowing AddressSpace) {
            if case .note(let note) = entry, note.code == .notRecorded { notRecorded.append(note.text) }
        }
    }
}

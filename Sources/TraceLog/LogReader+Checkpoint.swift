import Foundation
import TraceFormat

/// Reading a log whose older part was folded into a checkpoint, and making one.
extension LogReader {
    /// Remembers where each entry stood that was not yet given out: only for who makes checkpoints.
    package mutating func trackPending() { pending = PendingEntries() }

    /// What a later reader needs to go on from here; nil where this is no place to stop: in the middle of a snapshot,
    /// or of what came with a call.
    /// - Parameters:
    ///   - files: those that may be named again; of the others only the number stays.
    ///   - firstTime: when the first call or snapshot began, CLOCK_MONOTONIC nanoseconds.
    package func saved(keeping files: Set<FileID>, firstTime: UInt64) -> SavedReader? {
        guard let held = self.pending, !facts.isFlightRecorder, leading.isEmpty, snapshots.openCount == 0,
            held.canBeReadAgain(others: sequencer.otherCount)
        else { return nil }
        let pending = (held.positions + (cursor.following?.passed ?? [])).sorted()
        var facts = self.facts
        (facts.waitStatus, facts.firstTime) = (nil, firstTime)
        return SavedReader(
            identity: identityCheck,
            point: point(at: pending.first ?? cursor.position, definitionBytes: 0), end: cursor.position,
            pending: pending, time: latestTime, facts: facts, table: table.saved(keeping: files))
    }

    /// Takes up a checkpoint in place of the records before it; a damaged one is left alone.
    /// - Returns: whether there is one.
    mutating func resume() -> Bool {
        guard !facts.isFlightRecorder,
            let bytes = FileManager.default.contents(atPath: Checkpoint.path(ofLog: cursor.source.path)),
            let checkpoint = Checkpoint(bytes), isFit(checkpoint.reader),
            let table = try? DefinitionTable(checkpoint.reader.table)
        else { return false }
        let saved = checkpoint.reader
        self.table = table
        facts = facts.keptUp(with: saved.facts)
        goOn(at: saved.point)
        (resumeEnd, resumePending) = (saved.end, Set(saved.pending))
        leading = [.folded(checkpoint.part, time: saved.time)]
        (latestTime, isFolded) = (saved.time, true)
        facts.foldedTime = saved.time
        return true
    }

    /// What the folded records told; nil once it was given out, or where nothing was folded up.
    package var foldedPart: FoldedPart? {
        if case .folded(let part, _)? = leading.last { part } else { nil }
    }

    /// Whether it is of this log, and no records are missing behind it.
    private func isFit(_ saved: SavedReader) -> Bool {
        saved.identity == identityCheck && saved.start >= cursor.header.folded
            && saved.end <= cursor.extent.limit
    }

    /// Records are gone, and nothing stands in for them.
    mutating func noteMissingCheckpoint() {
        let folded = cursor.header.folded
        if folded == 0 || facts.isFlightRecorder { return }
        cursor.note(
            .overwritten, at: 0, bytes: folded,
            "\(folded) bytes of records were folded up, and the checkpoint that stood in for them "
                + "(\(Checkpoint.path(ofLog: cursor.source.path))) is missing or damaged.")
    }

    /// Whether a record was told of by the checkpoint.
    func isFolded(_ record: Record) -> Bool {
        record.position < resumeEnd && !resumePending.contains(record.position)
    }

    /// Where the segment that holds a position begins.
    package func segmentStart(before position: UInt64) -> UInt64 {
        let size = cursor.header.identity.segment_size
        return position / size * size
    }

    /// Where the parts of the file lie, as of the latest refresh.
    package var fileExtent: LogExtent {
        let header = cursor.header
        return LogExtent(
            spillOffset: header.identity.spill_offset, segmentSize: header.identity.segment_size,
            folded: header.folded, spillLimit: header.spillLimit, position: cursor.position, head: header.head
        )
    }
}

/// How much room a log takes, and may take.
package struct LogExtent: Sendable {
    /// Bytes before the spill: header and ring.
    package var spillOffset: UInt64
    package var segmentSize: UInt64
    /// Positions of the stream: nothing before is in the spill, nothing may be behind.
    package var folded: UInt64
    package var spillLimit: UInt64
    /// How far the log was read, and how far it was written.
    package var position: UInt64
    package var head: UInt64
}

/// Entries that were read and not yet given out, by what it takes to read them again.
struct PendingEntries {
    /// By the sequencer's slot.
    var calls: [Int32: (position: UInt64, end: UInt64)] = [:]
    /// What came with calls: how many entries by the time the call ended.
    var observed: [UInt64: Int] = [:]
    /// Positions of what tells of growth, by its time, in order.
    var grown: [UInt64: [UInt64]] = [:]

    var positions: [UInt64] { calls.values.map(\.position) + grown.values.joined() }

    mutating func remove(_ entry: LogEntry, slot: Int32) {
        if slot >= 0 { calls[slot] = nil }
        switch entry {
        case .observed(_, _, let time):
            if let count = observed[time] { observed[time] = count > 1 ? count - 1 : nil }
        case .grown(_, let time):
            if let positions = grown[time] {
                grown[time] = positions.count > 1 ? Array(positions.dropFirst()) : nil
            }
        default: break
        }
    }

    /// Whether reading the calls' records again gives the same entries: nothing else is held, and nothing whose call
    /// was given out already.
    func canBeReadAgain(others: Int) -> Bool {
        let ends = Set(calls.values.map(\.end))
        let held = observed.values.reduce(0, +) + grown.values.reduce(0) { $0 + $1.count }
        return held == others && observed.keys.allSatisfy { ends.contains($0) }
    }
}

extension ProcessFacts {
    /// What only the folded records knew; the header's own facts stay as they are now.
    fileprivate func keptUp(with saved: ProcessFacts) -> ProcessFacts {
        var facts = saved
        (facts.waitStatus, facts.isOpen) = (waitStatus, isOpen)
        (facts.lost, facts.spillErrno) = (lost, spillErrno)
        return facts
    }
}

import Foundation
import TraceFormat

/// Reading a log whose older part was folded into a checkpoint, and making one.
extension LogReader {
    /// Remembers where each entry stood that was not yet given out: only for who makes checkpoints.
    package mutating func trackPending() { pending = PendingEntries() }

    /// What a later reader needs to go on from here; nil where this is no place to stop: in the middle of what came with
    /// a call, or where a list is not given out beside which another thread's call was (who adopts it must see that).
    /// - Parameters:
    ///   - files: those that may be named again, besides what is pending; of the others only the number stays.
    ///   - firstTime: when the first call or snapshot began, CLOCK_MONOTONIC nanoseconds.
    package func saved(keeping files: Set<FileID>, firstTime: UInt64) -> SavedReader? {
        guard let held = self.pending, !facts.isFlightRecorder, leading.isEmpty, held.canBeReadAgain,
            latestTime <= min(snapshots.earliestOpen ?? .max, sequencer.earliestSnapshot ?? .max)
        else { return nil }
        let pending = (held.positions + snapshots.openRecords + (cursor.following?.passed ?? [])).sorted()
        let named = files.union(sequencer.files).union(resolvedFiles).union(snapshots.openFiles(table))
            .subtracting([.none])
        var facts = self.facts
        (facts.waitStatus, facts.killedTime, facts.firstTime) = (nil, nil, firstTime)
        return SavedReader(
            identity: identityCheck,
            point: point(at: pending.first ?? cursor.position, definitionBytes: 0), end: cursor.position,
            pending: pending, time: latestTime, facts: facts, table: table.saved(keeping: named))
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

    /// How far the log is written by now, whatever the latest refresh found.
    package var latestHead: UInt64 {
        var latest = cursor.header
        latest.refresh(from: cursor.source)
        return latest.head
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

/// Entries that were read and not yet given out, by the sequencer's slot: what it takes to read them again.
struct PendingEntries {
    /// Where something else than a call comes from.
    enum Source {
        /// Positions of its records.
        case records([UInt64])
        /// It came with the call that ended then.
        case withCall(end: UInt64)
    }

    var calls: [Int32: (position: UInt64, end: UInt64)] = [:]
    var others: [Int32: Source] = [:]

    var positions: [UInt64] {
        calls.values.map(\.position)
            + others.values.flatMap {
                if case .records(let positions) = $0 { positions } else { [] as [UInt64] }
            }
    }

    mutating func remove(_ slot: Int32) {
        if slot >= 0 { calls[slot] = nil } else { others[slot] = nil }
    }

    /// Whether reading the records again gives the same entries: nothing came with a call that was given out already.
    var canBeReadAgain: Bool {
        let ends = Set(calls.values.map(\.end))
        return others.values.allSatisfy {
            if case .withCall(let end) = $0 { ends.contains(end) } else { true }
        }
    }
}

extension ProcessFacts {
    /// What only the folded records knew; the header's own facts stay as they are now.
    fileprivate func keptUp(with saved: ProcessFacts) -> ProcessFacts {
        var facts = saved
        (facts.waitStatus, facts.killedTime, facts.isOpen) = (waitStatus, killedTime, isOpen)
        (facts.lost, facts.spillErrno) = (lost, spillErrno)
        return facts
    }
}

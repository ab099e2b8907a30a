import AddressSpace
package import TraceLog

/// Making checkpoints, so that the part of the log before them may go.
extension LiveReplay {
    /// Remembers from now on what `checkpoint` needs. To be called before the first `advance`.
    package mutating func prepareCheckpoints() {
        reader.trackPending()
        observer.births = Births()
    }

    /// All that was learned so far; nil where the log cannot be cut: in the middle of a snapshot, say.
    package func checkpoint() -> Checkpoint? {
        guard hasMap, !replay.hasReadAhead else { return nil }
        var files = reader.definitions.lastingFiles
        replay.space.forEach { vma in
            files.insert(vma.file)
            return true
        }
        for birth in births { files.formUnion(birth.files) }
        guard let saved = reader.saved(keeping: files, firstTime: observation.startTime),
            let part = FoldedSummary(replay.space, keeping: files, observation).part
        else { return nil }
        return Checkpoint(reader: saved, part: part)
    }

    /// What forked children got that may rest on this log.
    package var births: [Birth] { observer.births.map { Array($0.list.values) } ?? [] }

    /// The child does not rest on this log any more.
    package mutating func forgetBirth(of process: UInt32) { observer.births?.forget(process) }

    /// The log's place before which the spill holds nothing that is needed behind a checkpoint, whole segments.
    package func folded(by checkpoint: Checkpoint) -> UInt64 {
        reader.segmentStart(before: checkpoint.reader.start)
    }

    /// Where the log's parts lie, and how far each reaches.
    package var extent: LogExtent { reader.fileExtent }

    /// How far the log is written by now.
    package var latestHead: UInt64 { reader.latestHead }
}

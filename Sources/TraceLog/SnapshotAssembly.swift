import TraceFormat

/// Puts snapshots together from their records, which may lie between those of other snapshots and of calls.
struct SnapshotAssembly {
    /// Snapshots being put together at once; older ones are given up.
    static let capacity = 64

    enum Failure: Error {
        /// Content that makes no sense.
        case malformed
        /// The end of a snapshot whose beginning is not in the log.
        case beginningMissing
        /// `found` VMAs where the end counts `expected`.
        case incomplete(found: Int, expected: UInt64)
    }

    private struct Part {
        var snapshot: Snapshot
        /// By VMA: the key of its file.
        var files: [UInt64] = []
        /// Positions of what was read of it, the beginning first.
        var records: [UInt64]
        /// When the latest of them was read, and the position behind it.
        var time: UInt64
        var end: UInt64
    }

    private var parts: [UInt64: Part] = [:]
    /// Snapshots given up because too many were open.
    private(set) var dropped = 0
    /// When the log was looked at; CLOCK_MONOTONIC nanoseconds, 0 where it is not followed.
    var now: UInt64 = 0

    /// Snapshots begun and not ended so far.
    var openCount: Int { parts.count }

    /// Positions of what was read of those.
    var openRecords: [UInt64] { parts.values.flatMap(\.records) }

    /// When the earliest of those began.
    var earliestOpen: UInt64? { parts.values.map(\.snapshot.begin).min() }

    /// What those name, as far as the log has told.
    func openFiles(_ table: DefinitionTable) -> Set<FileID> {
        Set(parts.values.flatMap { $0.files.compactMap { table.file($0) } })
    }

    /// Gives up those of which nothing has come for so long, nanoseconds, that the rest is lost, although the log went on
    /// to a position behind: a process that is stopped writes nothing at all.
    mutating func giveUp(after patience: UInt64, readTo position: UInt64) {
        let old = parts.filter { $0.value.time &+ patience < now && $0.value.end < position }
        for number in old.keys { parts[number] = nil }
        dropped += old.count
    }

    mutating func begin(_ record: Record) throws(Failure) {
        guard record.has(mf_snapshot_begin.self), let reason = Snapshot.Reason(rawValue: record.detail) else {
            throw .malformed
        }
        let raw: mf_snapshot_begin = record.load()
        let snapshot = Snapshot(
            number: raw.snapshot, reason: reason, begin: raw.time, end: raw.time, thread: raw.thread,
            hasFlags: raw.has_flags != 0, hasVsyscall: false, vmas: [])
        makeRoom(for: raw.snapshot)
        parts[raw.snapshot] = Part(
            snapshot: snapshot, records: [record.position], time: now, end: record.end)
    }

    private mutating func makeRoom(for number: UInt64) {
        if parts.removeValue(forKey: number) != nil { dropped += 1 }
        guard parts.count >= Self.capacity,
            let oldest = parts.min(by: { $0.value.records[0] < $1.value.records[0] })
        else { return }
        parts.removeValue(forKey: oldest.key)
        dropped += 1
    }

    /// A chunk without a beginning belongs to a snapshot that was given up or damaged: it is passed over.
    mutating func add(_ record: Record) throws(Failure) {
        guard record.has(mf_snapshot_vmas.self) else { throw .malformed }
        let raw: mf_snapshot_vmas = record.load()
        let stride = Snapshot.VMA.recordedSize
        guard record.has(mf_snapshot_vmas.self, and: raw.count, elementsOf: stride) else { throw .malformed }
        guard var part = parts.removeValue(forKey: raw.snapshot) else { return }
        defer { parts[raw.snapshot] = part }
        part.records.append(record.position)
        (part.time, part.end) = (now, record.end)
        for index in 0..<Int(raw.count) {
            let offset = MemoryLayout<mf_snapshot_vmas>.size + index * stride
            let vma = record.load(at: offset, as: mf_snapshot_vma.self)
            guard vma.start < vma.end else { throw .malformed }
            part.files.append(vma.file)
            part.snapshot.vmas.append(Snapshot.VMA(vma))
        }
    }

    /// The finished snapshot, and the positions of its records.
    mutating func end(_ record: Record, files: DefinitionTable) throws(Failure) -> (
        Snapshot, records: [UInt64]
    ) {
        guard record.has(mf_snapshot_end.self) else { throw .malformed }
        let raw: mf_snapshot_end = record.load()
        guard var part = parts.removeValue(forKey: raw.snapshot) else { throw .beginningMissing }
        guard UInt64(part.files.count) == raw.count else {
            throw .incomplete(found: part.files.count, expected: raw.count)
        }
        for (index, key) in part.files.enumerated() where key != 0 {
            part.snapshot.vmas[index].file = files.file(key) ?? .none
        }
        part.snapshot.hasVsyscall = raw.has_vsyscall != 0
        part.snapshot.end = max(raw.time, part.snapshot.begin)
        part.snapshot.vmas.removeOverlaps()
        return (part.snapshot, part.records + [record.position])
    }
}

extension Snapshot.VMA {
    /// Bytes that a VMA of a list takes in the log.
    package static let recordedSize = MemoryLayout<mf_snapshot_vma>.size

    init(_ raw: mf_snapshot_vma) {
        self.init(
            start: raw.start, end: raw.end, flags: raw.flags, offset: raw.offset, device: raw.device,
            inode: raw.inode)
    }
}

extension [Snapshot.VMA] {
    /// The kernel lets go of the lock between two pages of maps, so a VMA that grew meanwhile can cover those
    /// listed before it (Linux fs/proc/task_mmu.c, m_start): what was read later holds.
    mutating func removeOverlaps() {
        var kept: [Snapshot.VMA] = []
        kept.reserveCapacity(count)
        for vma in self {
            while let last = kept.last, last.start >= vma.start { kept.removeLast() }
            if let last = kept.indices.last, kept[last].end > vma.start { kept[last].end = vma.start }
            kept.append(vma)
        }
        self = kept
    }
}

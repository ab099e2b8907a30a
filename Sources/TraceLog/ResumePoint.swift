import TraceFormat

/// A place of a log from which another reader, told what was known there, gives the same entries in the same
/// order.
///
/// The reader holds entries back to order them, so it begins some way before the place wanted: the entries
/// it gives on the way are told from those to come by `CallMark`.
package struct ResumePoint: Codable, Sendable {
    var position: UInt64
    var effects: CallEffects
    var report: DamageReport
    var undefinedStacks: Int
    var incompleteSnapshots: Int
    var skipped: Int
    /// Bytes of definitions read before it.
    package var definitionBytes: Int
}

/// What tells one call from all others of a process.
@usableFromInline package struct CallMark: Codable, Sendable, Equatable {
    @usableFromInline var begin: UInt64
    @usableFromInline var end: UInt64
    @usableFromInline var thread: UInt32
    @usableFromInline var kind: UInt8

    @inlinable package init(_ call: Call) {
        (begin, end, thread, kind) = (call.begin, call.end, call.thread, call.kind.rawValue)
    }
}

/// Remembers on the way through a log where it could be taken up again, and the definitions met.
struct ReadingTrail {
    /// Records that a resumed reader reads again: the window of the sequencer has long passed over then.
    private static let distance = 1 << 16
    private static let pace = 1 << 12

    private var points: [(count: Int, point: ResumePoint)] = []
    private var count = 0
    /// Definitions as the log has them, each behind its position (8 bytes), from `definitionStart` on.
    private var definitions: [UInt8] = []
    private var definitionStart = 0

    init(definitionStart: Int = 0) { self.definitionStart = definitionStart }

    var definitionEnd: Int { definitionStart + definitions.count }

    /// Counts a record; true where a point should be noted.
    @inline(__always)
    mutating func isDue() -> Bool {
        count &+= 1
        return count & (Self.pace - 1) == 0
    }

    mutating func note(_ point: ResumePoint) {
        points.append((count, point))
        if points.count > 2 * Self.distance / Self.pace { points.removeFirst() }
    }

    mutating func define(_ record: Record) {
        withUnsafeBytes(of: record.position) { definitions.append(contentsOf: $0) }
        definitions.append(contentsOf: record.bytes)
    }

    /// The latest point that lies far enough back.
    var point: ResumePoint? { points.last { $0.count + Self.distance <= count }?.point }

    /// The definitions before `end` that were not taken so far.
    mutating func takeDefinitions(before end: Int) -> [UInt8] {
        let taken = Array(definitions.prefix(end - definitionStart))
        definitions.removeFirst(taken.count)
        definitionStart += taken.count
        return taken
    }
}

// MARK: - Noting and resuming

extension LogReader {
    /// What another check of the same log must find, so that notes about it belong to it.
    package var identityCheck: UInt64 { cursor.identityCheck }
    /// Stream position of the next record, and behind the last one, bytes.
    package var position: UInt64 { cursor.position }
    package var streamEnd: UInt64 { cursor.extent.end }
    /// Stream position before which nothing changes any more: while a process writes, records in the ring may still be
    /// unfinished, those behind it are not.
    package var finalEnd: UInt64 {
        facts.isOpen ? streamEnd.subtractingClamping(cursor.header.identity.ring_size) : .max
    }

    /// From here on the reader remembers where it can be taken up; costs memory for the definitions not
    /// taken.
    package mutating func keepTrail() {
        if !facts.isFlightRecorder { trail = trail ?? ReadingTrail() }
    }

    package mutating func dropTrail() { trail = nil }

    /// The place to resume at for what comes next; nil before the reader has come far enough.
    package var resumePoint: ResumePoint? { trail?.point }

    /// The definitions before a point that were not taken so far, in the form in which `resume` wants them.
    package mutating func takeDefinitions(before point: ResumePoint) -> [UInt8] {
        trail?.takeDefinitions(before: point.definitionBytes) ?? []
    }

    /// What a reader that begins at `position` must know of what lies before.
    func point(at position: UInt64, definitionBytes: Int) -> ResumePoint {
        ResumePoint(
            position: position, effects: sequencer.effectsOfCalls, report: cursor.report,
            undefinedStacks: undefinedStacks, incompleteSnapshots: incompleteSnapshots,
            skipped: facts.skipped, definitionBytes: definitionBytes)
    }

    /// Goes on at a point that another reader noted. False: this is not that log, or not all of it; the
    /// reader is of no use then.
    /// - Parameter definitions: all that were taken up to the point.
    package mutating func resume(at point: ResumePoint, definitions: [UInt8]) -> Bool {
        guard !facts.isFlightRecorder, definitions.count == point.definitionBytes,
            point.position <= cursor.extent.end, define(definitions)
        else { return false }
        goOn(at: point)
        if trail != nil { trail = ReadingTrail(definitionStart: definitions.count) }
        return true
    }

    /// Takes up all but the definitions.
    mutating func goOn(at point: ResumePoint) {
        cursor.restart(at: point.position, report: point.report)
        sequencer = CallSequencer(pageSize: facts.pageSize, effects: point.effects)
        undefinedStacks = point.undefinedStacks
        incompleteSnapshots = point.incompleteSnapshots
        facts.skipped = point.skipped
    }

    private mutating func define(_ definitions: [UInt8]) -> Bool {
        // Records must lie on words; each does, for all sizes are multiples of 8.
        var words = [UInt64](repeating: 0, count: definitions.count / 8)
        words.withUnsafeMutableBytes { $0.copyBytes(from: definitions.prefix($0.count)) }
        return words.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while rest.count > 8 {
                let position = rest.loadUnaligned(as: UInt64.self)
                let body = UnsafeRawBufferPointer(rebasing: rest.dropFirst(8))
                guard let record = RecordHeader.record(in: body, at: position) else { return false }
                table.define(record)
                rest = rest.dropFirst(8 + record.size)
            }
            return rest.isEmpty
        }
    }
}

extension Record {
    /// Whether other records refer to it by key.
    var isDefinition: Bool {
        switch mf_kind(UInt32(kind)) {
        case MF_STACK, MF_FILE, MF_MODULE: true
        default: false
        }
    }
}

extension DefinitionTable {
    mutating func define(_ record: Record) {
        switch mf_kind(UInt32(record.kind)) {
        case MF_STACK: _ = defineStack(record)
        case MF_FILE: _ = defineFile(record)
        case MF_MODULE: _ = defineModule(record)
        default: break
        }
    }
}

import TraceFormat

/// A stretch of a stream without a valid record, from `start` to before `end`.
struct Hole {
    var start: UInt64
    var end: UInt64
    var size: UInt64 { end - start }
}

/// What a hole means. Most are innocent: padding before and behind a segment's border, the part of the ring
/// that an orderly end leaves unused, a record begun by a thread that was killed with the process.
extension RecordCursor {
    mutating func judge(_ hole: Hole) {
        if hole.end <= hole.start || isExpected(hole) { return }
        if isBehindFile(hole) { return judgeMissing(hole) }
        if isFirstLapUnused(hole) { return judge(Hole(start: header.identity.ring_size, end: hole.end)) }
        let isBlank = isZero(hole)
        if isBlank && (isUnusedEnd(hole) || isPadding(hole)) { return }
        if isUnspilled(hole, isBlank: isBlank) { return noteOverwritten(hole) }
        if isUnfinished(hole, isBlank: isBlank) {
            report.unfinished += 1
        } else {
            note(.unreadableBytes, hole, "hold no valid record: what was recorded there is missing")
        }
    }

    private func isExpected(_ hole: Hole) -> Bool {
        (hole.end == extent.end && extent.isUncertain) || isCutStart(hole) || isUnusedRing(hole)
    }

    /// A flight recorder's oldest record is usually half overwritten.
    private func isCutStart(_ hole: Hole) -> Bool {
        count == 0 && extent.start > 0 && hole.start == extent.start && hole.size < 2 * Self.largest
    }

    /// An orderly end jumps to the end of the first lap; what was written later lies behind it.
    private func isUnusedRing(_ hole: Hole) -> Bool {
        let ring = header.identity.ring_size
        return !layout.isLinear && hole.end < extent.end && hole.start < ring && hole.end >= ring
            && hole.end < ring + Self.largest && !isOverwriting
            && !header.isFlightRecorder && place(of: hole.start) == .file && isBehindFile(hole)
    }

    /// The same where the rest of the lap was never given a place; what follows is judged apart.
    private mutating func isFirstLapUnused(_ hole: Hole) -> Bool {
        let ring = header.identity.ring_size
        if layout.isLinear || hole.start >= ring || hole.end < ring { return false }
        if isOverwriting && place(of: hole.start) == .file { return false }
        return isZero(Hole(start: hole.start, end: ring))
    }

    /// Whether records were overwritten that the file had no room for.
    private var isOverwriting: Bool { header.spillErrno != 0 && header.lost > 0 }

    /// What was read to an end that the process has left behind since may have been overwritten.
    private func isUnusedEnd(_ hole: Hole) -> Bool {
        if hole.end < extent.end { return false }
        guard isOverwriting, layout.hasTwoPlaces else { return true }
        if case .left = header.residence(ofSegment: layout.segment(of: hole.end - 1)) { return false }
        return true
    }

    private func isPadding(_ hole: Hole) -> Bool {
        if layout.isLinear { return false }
        let border = layout.segmentEnd(of: hole.start)
        let isBehindBorder = hole.start % header.identity.segment_size == 0 && hole.size < Self.largest
        let isAtBorder = hole.end >= border && hole.end - border < Self.largest
        return isBehindBorder || (isAtBorder && hole.size < 2 * Self.largest)
    }

    /// Whether the file ends before the hole, or before the hole's part in its first segment does.
    private func isBehindFile(_ hole: Hole) -> Bool {
        let part = min(hole.size, Self.largest, layout.segmentEnd(of: hole.start) - hole.start)
        return offset(of: hole.start).addingClamping(part) > source.size
    }

    private mutating func judgeMissing(_ hole: Hole) {
        if layout.isAheadOfRing(hole.start) && hole.size <= 2 * Self.largest {
            report.unfinished += 1
        } else if header.spillErrno != 0 && place(of: hole.start) == .file && !layout.isLinear {
            noteOverwritten(hole)
        } else {
            note(.truncated, hole, "of records are missing: the file ends at \(source.size) bytes")
        }
    }

    /// Whether the process ended, or the thread left by a jump, between reserving the hole and filling it. One that crosses
    /// a border may be left between its parts, of which the first is in the file, the second in the ring.
    private mutating func isUnfinished(_ hole: Hole, isBlank: Bool) -> Bool {
        if layout.isLinear { return isBlank || hole.end == extent.end }
        if header.isFlightRecorder { return hole.size <= Self.largest && !isStillMeasured(hole) }
        if place(of: hole.start) == .file && hole.size > Self.largest { return false }
        return isExplainedBySegments(hole)
    }

    /// Whether the word at the hole's start still tells the size of the record that was finished there.
    private mutating func isStillMeasured(_ hole: Hole) -> Bool {
        guard let size = claimedSize(at: hole.start) else { return false }
        return hole.start + size == hole.end
    }

    /// From where the file stopped growing on, only what the ring holds is there.
    private func isUnspilled(_ hole: Hole, isBlank: Bool) -> Bool {
        let segment = layout.segment(of: hole.start)
        guard header.spillErrno != 0 && layout.place(ofSegment: segment) == .file else { return false }
        // In the ring, the end of a segment outlives its beginning: the next lap comes from the front.
        return isBlank || place(of: hole.start) == .ring || place(of: hole.end) == .ring
    }

    private mutating func noteOverwritten(_ hole: Hole) {
        note(.overwritten, hole, "of records are lost: \(header.reasonOfLoss)")
    }

    private mutating func note(_ kind: Damage.Kind, _ hole: Hole, _ meaning: String) {
        note(kind, at: hole.start, bytes: hole.size, "\(hole.size) bytes \(meaning).")
    }
}

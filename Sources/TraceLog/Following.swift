import TraceFormat

/// How a log is read while its process still writes it: what is not complete is left for the next round.
///
/// Records stand in the order of reservation and are committed in any. The reader goes on from record to
/// record, and stops at the first place that holds none: bytes reserved and not committed look like padding or
/// like an earlier lap. They are passed over only where the header says that everything before some position
/// is committed (`settledEnd`), or when the place has stood like that for `patience` although the log went on
/// behind it: then a thread died or jumped away in the middle. Should a record come there after all, it is
/// read late.
struct Following {
    /// Nanoseconds that an unfinished record is waited for once the log goes on behind it.
    static let patience: UInt64 = 2_000_000_000
    /// Places given up that are looked at again.
    static let mostPassed = 256

    /// Everything that was reserved before this position is committed.
    var settledEnd: UInt64 = 0
    /// Where the reader waits, and since when; CLOCK_MONOTONIC nanoseconds.
    var waiting: (position: UInt64, since: UInt64)?
    /// Places given up, where a record may still appear.
    var passed: [UInt64] = []
    /// When the latest look at the header was taken.
    var now: UInt64 = 0
    /// Whether records were overwritten before they were read.
    var isOverrun = false
}

extension RecordCursor {
    /// Looks at the header again.
    /// - Parameter now: CLOCK_MONOTONIC nanoseconds.
    mutating func refresh(now: UInt64) {
        resume(definitions: layout.isLinear, at: position)
        following?.now = now
        let end = layout.isLinear ? position : settledEnd()
        refreshSize()
        following?.settledEnd = end
        _ = checkOverrun()
        searchBudget = max(searchBudget, 1 << 26)
    }

    /// The next record that is complete, nil where the next one is not.
    mutating func nextSettled() -> Record? {
        guard position < extent.end else { return nil }
        cover(position, wanted: UInt64(StreamWindow.capacity))
        if let record = window.record(at: position) { return acceptSettled(record) }
        // The window may be older than the record.
        if let record = readAnew(at: position, wanted: UInt64(StreamWindow.capacity)) {
            return acceptSettled(record)
        }
        return passOver()
    }

    /// The record at a place given up earlier, if one has appeared there.
    mutating func nextPassed() -> Record? {
        let (place, passed) = (position, following?.passed ?? [])
        defer { position = place }
        for candidate in passed {
            position = candidate
            guard let record = readAnew(at: candidate, wanted: Self.largest) else { continue }
            following?.passed.removeAll { $0 == candidate }
            return record
        }
        return nil
    }

    private mutating func acceptSettled(_ record: Record) -> Record? {
        following?.waiting = nil
        return accept(record)
    }

    /// Goes on behind padding and what is not going to be finished; nil: wait.
    private mutating func passOver() -> Record? {
        guard let following, !checkOverrun() else { return nil }
        let isSettled = position < following.settledEnd
        if !isSettled && !hasWaitedLong(following) { return nil }
        let stop = isSettled ? following.settledEnd : min(layout.segmentEnd(of: position), extent.end)
        let found = steadyPlace(from: position, to: stop, judging: isSettled)
        if !isSettled && found == nil && stop >= extent.end { return nil }
        let next = found ?? stop
        if !isSettled && next > position { remember(position) }
        self.following?.waiting = nil
        position = next
        return nextSettled()
    }

    /// The ring may have been overwritten since the latest look.
    private mutating func checkOverrun() -> Bool {
        guard header.isFlightRecorder && !layout.isLinear else { return false }
        var latest = header
        latest.refresh(from: source)
        let isOverrun = position < latest.head.subtractingClamping(header.identity.ring_size)
        if isOverrun { following?.isOverrun = true }
        return isOverrun
    }

    private mutating func remember(_ position: UInt64) {
        report.unfinished += 1
        if following?.passed.count ?? 0 < Following.mostPassed { following?.passed.append(position) }
    }

    /// Notes that the reader waits here; whether it has for long enough.
    private mutating func hasWaitedLong(_ state: Following) -> Bool {
        guard let waiting = state.waiting, waiting.position == position else {
            following?.waiting = (position, state.now)
            return false
        }
        return state.now >= waiting.since &+ Following.patience
    }
}

// MARK: - What the header says is complete

extension RecordCursor {
    /// Up to where all reserved bytes are committed, from the reader's segment on.
    ///
    /// Three looks, because the header changes while it is read. A slot whose lap is the same in the first and
    /// the second had it when the second read its count of committed bytes; if that count is as large as all
    /// that the third finds reserved, nothing is missing.
    private mutating func settledEnd() -> UInt64 {
        let first = header
        header.refresh(from: source)
        var third = header
        third.refresh(from: source)
        let size = header.identity.segment_size
        var segment = position / size
        while segment * size < third.head {
            let (start, border) = (segment * size, min((segment + 1) * size, third.head))
            switch (first.residence(ofSegment: segment), header.residence(ofSegment: segment)) {
            case (.left, _): break
            case (.resident, .resident(let committed)) where committed >= border - start: break
            default: return start
            }
            segment += 1
        }
        return third.head
    }
}

/// Where a segment stands in its way through the ring.
enum SegmentResidence {
    /// Its slot has taken up a later lap.
    case left
    /// It lies in the ring; bytes committed so far.
    case resident(committed: UInt64)
    /// Its slot holds an earlier lap, so that its records go straight to the file.
    case ahead
}

extension LogHeader {
    func residence(ofSegment segment: UInt64) -> SegmentResidence {
        let (lap, slot) = segment.quotientAndRemainder(dividingBy: identity.segment_count)
        let resident = laps[Int(slot)]
        if resident > lap { return .left }
        return resident < lap ? .ahead : .resident(committed: committed[Int(slot)])
    }
}

import TraceFormat

/// From where to where a stream can be read, when none of the header's counters can be trusted blindly.
struct StreamExtent {
    /// Position of the oldest byte that can still exist.
    private(set) var start: UInt64 = 0
    /// Position behind the last reserved byte.
    private(set) var end: UInt64
    /// Position that no record can reach beyond.
    private(set) var limit: UInt64
    /// What the header says wrongly, if it does.
    private(set) var contradiction: String?
    /// Whether records were found behind `end`, so that `limit` is the end.
    private(set) var isBeyond = false
    private let ringSize: UInt64
    private let isFlightRecorder: Bool

    /// The records of a log, in the ring and the spill.
    init(ofRecords header: LogHeader, fileSize: UInt64) {
        ringSize = header.identity.ring_size
        isFlightRecorder = header.isFlightRecorder
        let inFile = fileSize.subtractingClamping(header.identity.spill_offset)
        (end, contradiction) = Self.end(of: header, ceiling: inFile.addingClamping(ringSize))
        limit = end.addingClamping(ringSize) & ~7
        start = isFlightRecorder ? end.subtractingClamping(ringSize) : min(header.folded & ~7, end)
    }

    /// The definitions of a flight recorder, in one piece.
    init(ofDefinitions header: LogHeader, fileSize: UInt64) {
        (ringSize, isFlightRecorder) = (0, true)
        let inFile = fileSize.subtractingClamping(header.identity.spill_offset) & ~7
        limit = inFile
        end = min(header.definitionsHead & ~7, inFile)
        // A process killed while it defined something leaves the file somewhat shorter than the count.
        let shortage = header.definitionsHead.subtractingClamping(inFile)
        let isAllowed = header.spillErrno != 0 || shortage < 64 * UInt64(MF_RECORD_SIZE_MAX)
        if !isAllowed || header.definitionsHead % 8 != 0 {
            contradiction =
                "The header counts \(header.definitionsHead) bytes of definitions, the file holds \(inFile)."
        }
    }

    /// `ceiling`: how many bytes the file can hold if nothing was overwritten.
    private static func end(of header: LogHeader, ceiling: UInt64) -> (UInt64, String?) {
        let head = header.head
        let isPlausible = head % 8 == 0 && head < 1 << 60
        let segments = RingSegments(of: header)
        if isPlausible && (header.isFlightRecorder || segments.agree(with: head)) { return (head, nil) }
        let guess = segments.latestEnd
        let end = header.spillErrno != 0 || header.isFlightRecorder ? guess : min(guess, ceiling & ~7)
        return (end, "The header's count of bytes (\(head)) contradicts the ring; the end was searched for.")
    }

    /// Whether the bytes before `end` may never have been written at all.
    var isUncertain: Bool { isBeyond || contradiction != nil }

    mutating func goBeyond() { (isBeyond, end) = (true, limit) }

    /// No position before it can be in the ring, unless the header names its lap.
    var oldestInRing: UInt64 {
        // Where the end was only guessed, it may lie two rings too far.
        end.subtractingClamping(ringSize.multipliedClamping(by: isUncertain ? 3 : 1))
    }
}

/// Which segments the ring holds by the header's word, and how much of each was committed.
struct RingSegments {
    private let size: UInt64
    private let count: UInt64
    /// By slot: number of the segment.
    private let segments: [UInt64]
    /// By slot: number of the latest segment, in the ring or not.
    private let latest: [UInt64]
    /// By slot: bytes reserved and not committed.
    private var missing: [UInt64] = []

    init(of header: LogHeader) {
        size = header.identity.segment_size
        count = header.identity.segment_count
        let number = { [count] (lap: UInt64, slot: UInt64) in
            lap.multipliedClamping(by: count).addingClamping(slot)
        }
        segments = zip(header.laps, 0..<count).map(number)
        latest = zip(header.latestLaps, 0..<count).map(number)
        missing = zip(segments, header.committed).map { [size] segment, committed in
            let first = segment.multipliedClamping(by: size)
            return min(header.head.subtractingClamping(first), size).subtractingClamping(committed)
        }
    }

    /// Whether at least half of the slots agree with `head`: one damaged counter does not outvote the rest.
    func agree(with head: UInt64) -> Bool {
        let current = head / size
        let agreeing = latest.count {
            $0 <= current + count && $0.addingClamping(count.multipliedClamping(by: 2)) >= current
        }
        return agreeing * 2 >= latest.count
    }

    /// A position that the stream hardly ends behind, judged without the header's count.
    var latestEnd: UInt64 {
        let middle = latest.sorted()[latest.count / 2]
        return min((middle.addingClamping(count + 1)).multipliedClamping(by: size), 1 << 60)
    }

    /// The first position from `position` on that the ring holds by the header's word; nil: it holds none.
    func firstResident(from position: UInt64) -> UInt64? {
        let later = segments.lazy.filter { $0 >= position / size }.min()
        return later.map { max(position, $0.multipliedClamping(by: size)) }
    }

    /// Whether one of the segments that hold a stretch has left the ring by a later look at the header.
    func haveLeft(_ first: UInt64, _ last: UInt64, by later: RingSegments) -> Bool {
        zip(segments, later.segments).contains { $0 != $1 && $0 >= first / size && $0 <= last / size }
    }

    /// Whether a hole within a segment of the ring was reserved and never committed; explains its bytes once.
    mutating func explain(_ first: UInt64, _ stop: UInt64) -> Bool {
        let slot = Int(first / size % count)
        guard segments[slot] == first / size, stop - first <= missing[slot] else { return false }
        missing[slot] -= stop - first
        return true
    }
}

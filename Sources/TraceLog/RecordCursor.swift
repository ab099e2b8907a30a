import TraceFormat

/// Walks the records of a stream: finds each, checks it, and finds its way again behind what is unreadable.
struct RecordCursor: ~Copyable {
    private(set) var source: LogSource
    var header: LogHeader
    private(set) var layout: StreamLayout
    private(set) var extent: StreamExtent
    var window = StreamWindow()
    /// The segment that lies in the other place than the header names.
    private var swapped: UInt64?
    /// Position of the next record.
    var position: UInt64 = 0
    var report = DamageReport()
    private(set) var segments: RingSegments
    /// Bytes that may still be searched for lost records: keeps hostile files from costing hours.
    var searchBudget: UInt64
    /// Records found so far in this stream.
    private(set) var count: UInt64 = 0
    /// The log is still being written: how far it is settled, and what is waited for; nil: read to the end.
    var following: Following?

    init(source: consuming LogSource, header: LogHeader) {
        self.header = header
        layout = StreamLayout(of: header)
        extent = StreamExtent(ofRecords: header, fileSize: source.size)
        segments = RingSegments(of: header)
        searchBudget = source.allocated.multipliedClamping(by: 16).addingClamping(1 << 26)
        self.source = source
    }

    /// The header's own check of its unchanging part.
    var identityCheck: UInt64 {
        var identity = header.identity
        return mf_identity_check(&identity)
    }

    var fraction: Double {
        let length = extent.end.subtractingClamping(extent.start)
        if length == 0 { return 1 }
        return min(1, Double(position.subtractingClamping(extent.start)) / Double(length))
    }

    func place(of position: UInt64) -> StreamLayout.Place { layout.place(of: position, swapping: swapped) }

    /// File offset of a position of the stream.
    func offset(of position: UInt64) -> UInt64 {
        layout.offset(of: position, in: place(of: position))
    }

    /// Notes damage found in the content of a record.
    mutating func note(_ kind: Damage.Kind, at position: UInt64, bytes: UInt64, _ meaning: String) {
        report.add(
            Damage(
                kind: kind, position: position, offset: offset(of: position), bytes: bytes, meaning: meaning))
    }
}

// MARK: - Streams

extension RecordCursor {
    /// Starts over at the oldest record of the chosen stream.
    mutating func restart(definitions: Bool = false) {
        layout = StreamLayout(of: header, isDefinitions: definitions)
        extent =
            definitions
            ? StreamExtent(ofDefinitions: header, fileSize: source.size)
            : StreamExtent(ofRecords: header, fileSize: source.size)
        forgetPlaces()
        count = 0
        position = extent.start
        if let meaning = extent.contradiction { note(.header, at: extent.end, bytes: 0, meaning) }
    }

    /// Goes on in the chosen stream with the header's counters as they are now.
    mutating func resume(definitions: Bool, at place: UInt64) {
        header.refresh(from: source)
        // Behind the header: what that says is spilled, the file holds.
        source.refreshSize()
        layout = StreamLayout(of: header, isDefinitions: definitions)
        let extent =
            definitions
            ? StreamExtent(ofDefinitions: header, fileSize: source.size)
            : StreamExtent(ofRecords: header, fileSize: source.size)
        // Read in the middle of a change: the next look will tell.
        if extent.contradiction == nil || following == nil { self.extent = extent }
        forgetPlaces()
        position = place
    }

    /// Goes on where records lie by a later look at the header, to the same end.
    mutating func takeUp(_ latest: LogHeader) {
        header = latest
        source.refreshSize()
        layout = StreamLayout(of: header)
        forgetPlaces()
    }

    /// What was read and found rests on an earlier look at the header.
    private mutating func forgetPlaces() {
        segments = RingSegments(of: header)
        swapped = nil
        window.invalidate()
    }

    /// Goes on at a record, after what was reported before it.
    mutating func restart(at place: UInt64, report earlier: DamageReport) {
        restart()
        position = place
        report = earlier
    }

    mutating func refreshSize() { source.refreshSize() }

    /// Forgets what was reported, for a stream that is read a second time.
    mutating func forgetReport() { report = DamageReport() }

    /// The next valid record, nil at the end of the stream.
    mutating func next() -> Record? {
        if following != nil { return nextSettled() }
        cover(position, wanted: UInt64(StreamWindow.capacity))
        if let record = window.record(at: position) ?? recordBehindPadding() { return accept(record) }
        if let record = recordElsewhere(at: position) { return accept(record) }
        return position >= extent.end ? afterEnd() : recover()
    }

    /// Padding may separate the end, if the header's count is too low, from the record behind it.
    private mutating func afterEnd() -> Record? {
        let stop = min(extent.limit, position &+ 2 * Self.largest)
        if extent.isBeyond || layout.isLinear { return nil }
        return searchPlaces(position, stop).flatMap { accept($0) }
    }

    @inline(__always)
    mutating func accept(_ record: Record) -> Record? {
        if record.position >= extent.end && !extends(past: record) { return nil }
        count &+= 1
        position = record.position &+ UInt64(record.size)
        return record
    }

    /// A valid record where the header says there is none: the process went on, or the header is wrong.
    private mutating func extends(past record: Record) -> Bool {
        header.refresh(from: source)
        if extent.contradiction == nil && header.head > record.position { return false }
        note(
            .header, at: position, bytes: 0,
            "The header's count of bytes is too low: records go on behind it.")
        extent.goBeyond()
        return true
    }
}

// MARK: - Places of a record

extension RecordCursor {
    static let largest = UInt64(RecordHeader.largest)

    /// The record behind the zeros at a segment's border, if nothing is unusual about it.
    private func recordBehindPadding() -> Record? {
        if layout.isLinear { return nil }
        let border = layout.segmentEnd(of: position)
        if offset(of: position).addingClamping(border - position) > source.size { return nil }
        let first = window.firstNonzero(from: position, most: 2 * Self.largest)
        let isAtBorder = position % header.identity.segment_size == 0 || first >= border
        return isAtBorder && first > position && first < extent.end ? window.record(at: first) : nil
    }

    /// Makes the window hold the largest possible record at `position`.
    @inline(__always)
    mutating func cover(_ position: UInt64, wanted: UInt64) {
        if window.holds(position, Self.largest) || (window.end == extent.limit && window.holds(position, 8)) {
            return
        }
        fill(from: position, count: wanted)
    }

    private mutating func fill(from position: UInt64, count: UInt64) {
        let stop = max(position, min(extent.limit, position.addingClamping(count)))
        window.fill(from: position, to: stop, of: layout, swapping: swapped, source: source)
    }

    /// The valid record at a position, read from the file again and in either place.
    mutating func readAnew(at position: UInt64, wanted: UInt64) -> Record? {
        window.invalidate()
        cover(position, wanted: wanted)
        return window.record(at: position) ?? recordElsewhere(at: position)
    }

    /// Tries the other place of the segment, and keeps to it if that is right.
    mutating func recordElsewhere(at position: UInt64) -> Record? {
        guard layout.hasTwoPlaces, position < extent.limit else { return nil }
        let before = swapped
        swap(position)
        fill(from: position, count: Self.largest)
        if let record = window.record(at: position) { return record }
        swapped = before
        fill(from: position, count: UInt64(StreamWindow.capacity))
        return nil
    }

    private mutating func swap(_ position: UInt64) {
        let segment = layout.segment(of: position)
        swapped = swapped == segment ? nil : segment
    }
}

// MARK: - Behind unreadable bytes

extension RecordCursor {
    /// The next valid record behind the unreadable bytes at `position`, which are judged.
    private mutating func recover() -> Record? {
        source.refreshSize()
        let found = steadyPlace(from: position, to: extent.end, judging: true)
        position = found ?? extent.end
        // Judging may have moved the window away from the record.
        return found == nil ? nil : next()
    }

    /// The first record behind the beginning of a hole and before `last`.
    mutating func search(from hole: UInt64, to last: UInt64) -> Record? {
        var from = firstAvailable(hole &+ 8)
        while from < last && searchBudget > 0 {
            let stop = min(layout.segmentEnd(of: from), last)
            if let record = searchPlaces(from, stop) { return record }
            from = firstAvailable(stop)
        }
        return nil
    }

    /// The first position from `position` on whose bytes can be in the file at all: spilled, or in the ring.
    private func firstAvailable(_ position: UInt64) -> UInt64 {
        if layout.isLinear || header.isFlightRecorder { return position }
        if layout.offset(of: position, in: .file) < source.size { return position }
        let segment = layout.segment(of: extent.oldestInRing)
        let oldest = max(position, segment.multipliedClamping(by: header.identity.segment_size))
        return min(oldest, segments.firstResident(from: position) ?? oldest)
    }

    /// Searches a piece of one segment in the place the header names, then in the other.
    private mutating func searchPlaces(_ first: UInt64, _ stop: UInt64) -> Record? {
        if let record = search(first, stop) { return record }
        guard layout.hasTwoPlaces else { return nil }
        let before = swapped
        swap(first)
        window.invalidate()
        if let record = search(first, stop) { return record }
        swapped = before
        window.invalidate()
        return nil
    }

    /// Whether all bytes of a hole are zero: nothing was ever written there. Looks at a gibibyte at most.
    mutating func isZero(_ hole: Hole) -> Bool {
        var from = hole.start
        let stop = min(hole.end, hole.start.addingClamping(1 << 30))
        while from < stop {
            fill(from: from, count: stop - from)
            let bytes = window.bytes(from: from)
            if bytes.contains(where: { $0 != 0 }) { return false }
            from = window.end
        }
        return true
    }

    /// The size that the record at a position claims to have, if that can be one.
    mutating func claimedSize(at position: UInt64) -> UInt64? {
        cover(position, wanted: Self.largest)
        let cost = RecordHeader.cost(of: window.bytes(from: position))
        return cost > 8 ? cost - 8 : nil
    }

    /// Whether all of the hole was reserved and never committed: in the file it reads as zeros, in the ring the count of
    /// what was committed lacks it.
    mutating func isExplainedBySegments(_ hole: Hole) -> Bool {
        var rest = hole
        while rest.start < hole.end {
            rest.end = min(hole.end, layout.segmentEnd(of: rest.start))
            if !isExplained(rest) { return false }
            rest.start = rest.end
        }
        return true
    }

    private mutating func isExplained(_ part: Hole) -> Bool {
        place(of: part.start) == .file ? isZero(part) : segments.explain(part.start, part.end)
    }

    mutating func search(_ first: UInt64, _ stop: UInt64) -> Record? {
        var candidate = first
        while candidate < stop && searchBudget > 0 {
            cover(candidate, wanted: (stop - candidate).addingClamping(Self.largest))
            let judged =
                window.end == extent.limit ? window.end : window.end.subtractingClamping(Self.largest)
            let last = min(stop, max(judged, candidate &+ 8))
            if let record = window.firstRecord(candidate, last, budget: &searchBudget) { return record }
            candidate = last
        }
        return nil
    }
}

import TraceFormat

/// Reading a ring that its process goes on filling: between a look at the header and the bytes a slot may have taken
/// up a later lap. A valid record is valid wherever it was found, for its check covers its position; bytes that hold
/// none say nothing before the header, asked again, still has them there.
extension RecordCursor {
    /// Position of the first record from `place` on and before `last`, which the caller has not found at `place` itself;
    /// nil: there is none.
    /// - Parameter judging: whether the bytes before it are judged.
    mutating func steadyPlace(from place: UInt64, to last: UInt64, judging: Bool) -> UInt64? {
        let earlier = report
        var found = search(from: place, to: last)?.position
        while true {
            if judging { judge(Hole(start: place, end: found ?? last)) }
            if !takeUpMoves(from: place, to: found ?? last) { return found }
            report = earlier
            let isHere = readAnew(at: place, wanted: Self.largest) != nil
            found = isHere ? place : search(from: place, to: last)?.position
        }
    }

    /// Whether a part of the stretch has left the ring since the latest look at the header, which is then taken up.
    private mutating func takeUpMoves(from first: UInt64, to last: UInt64) -> Bool {
        if !layout.hasTwoPlaces { return false }
        var latest = header
        latest.refresh(from: source)
        if !segments.haveLeft(first, last, by: RingSegments(of: latest)) { return false }
        takeUp(latest)
        return true
    }
}

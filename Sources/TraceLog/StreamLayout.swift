import TraceFormat

/// Where the bytes of a stream position lie in the file.
struct StreamLayout {
    /// The two places a segment can lie in.
    enum Place {
        case ring
        case file
    }

    private let identity: mf_identity
    /// By slot: the lap that lies in the ring.
    private let laps: [UInt64]
    /// The definitions of a flight recorder: one piece behind `spill_offset`, nothing in the ring.
    let isLinear: Bool
    /// Whether a segment may lie in the other place than the header names.
    let hasTwoPlaces: Bool

    init(of header: LogHeader, isDefinitions: Bool = false) {
        identity = header.identity
        laps = header.laps
        isLinear = isDefinitions
        // A flight recorder's file part holds the definitions, whose positions are counted from 0 as well.
        hasTwoPlaces = !header.isFlightRecorder && !isDefinitions
    }

    func segment(of position: UInt64) -> UInt64 { isLinear ? 0 : position / identity.segment_size }

    /// Position behind the segment that holds `position`.
    func segmentEnd(of position: UInt64) -> UInt64 {
        if isLinear { return .max }
        return (segment(of: position) + 1).multipliedClamping(by: identity.segment_size)
    }

    /// The place the header names.
    func place(ofSegment segment: UInt64) -> Place {
        if isLinear { return .file }
        if !hasTwoPlaces { return .ring }
        let (lap, slot) = segment.quotientAndRemainder(dividingBy: identity.segment_count)
        return laps[Int(slot)] == lap ? .ring : .file
    }

    /// Whether the position's slot still holds an earlier lap: its bytes go straight to the file, if ever.
    func isAheadOfRing(_ position: UInt64) -> Bool {
        let (lap, slot) = segment(of: position).quotientAndRemainder(dividingBy: identity.segment_count)
        return !isLinear && laps[Int(slot)] < lap
    }

    /// The place of a position, when segment `swapped` lies in the other place than the header names.
    func place(of position: UInt64, swapping swapped: UInt64?) -> Place {
        let segment = segment(of: position)
        let named = place(ofSegment: segment)
        return segment == swapped ? named.other : named
    }

    func offset(of position: UInt64, in place: Place) -> UInt64 {
        switch place {
        case .ring: identity.ring_offset + position % identity.ring_size
        case .file: identity.spill_offset.addingClamping(position)
        }
    }
}

extension StreamLayout.Place {
    var other: StreamLayout.Place { self == .ring ? .file : .ring }
}

import TraceFormat

/// What a call's record holds besides the call: keys where the reader has numbers, and further observations.
struct CallDecoder {
    let stack: UInt64
    private(set) var file: UInt64 = 0
    /// Where in the record further VMAs stand that the kernel gave after the call.
    private(set) var further = 0..<0

    /// Nil if the record's content makes no sense.
    /// - Parameter call: where the call is to lie. What is first put together elsewhere is read again, to be moved there,
    ///   before the processor has written it down, and waits.
    @inline(__always)
    init?(_ record: Record, into call: inout Call) {
        let fixed = MemoryLayout<mf_call>.size
        guard record.has(mf_call.self), let kind = CallKind(rawValue: record.detail) else { return nil }
        let head: mf_call = record.load()
        let count = Int(head.argument_count)
        let flags = Call.Flags(rawValue: head.flags)
        let observation = fixed + 8 * count
        let isObserved = flags.contains(.hasObservation)
        let needed = observation + (isObserved ? Self.leastObservation : 0)
        guard count <= 6, needed <= record.size, head.begin <= head.end else { return nil }
        call = Call(
            kind: kind, arguments: Self.arguments(record, at: fixed, count),
            argumentCount: head.argument_count,
            result: head.result, error: head.error, begin: head.begin, end: head.end, thread: head.thread,
            flags: flags)
        stack = head.stack
        if isObserved { observe(record, at: observation, of: &call) }
    }

    /// The VMAs that the kernel gave after the call behind the first.
    func furtherObservations(_ record: Record) -> [Range<UInt64>] {
        let size = MemoryLayout<mf_range>.size
        return stride(from: further.lowerBound, through: further.upperBound - size, by: size).compactMap {
            let range: mf_range = record.load(at: $0)
            return range.start < range.end ? range.start..<range.end : nil
        }
    }

    /// Until when the kernel was asked for these, where other threads' calls may have gone into the answers.
    func furtherTime(_ record: Record) -> UInt64? {
        let last: mf_range = record.load(at: further.upperBound - MemoryLayout<mf_range>.size)
        return last.start == last.end ? last.end : nil
    }

    /// Bytes of an observation of which only range and file are told.
    private static let leastObservation = 24

    private mutating func observe(_ record: Record, at offset: Int, of call: inout Call) {
        let (start, end) = (record.word(at: offset), record.word(at: offset + 8))
        file = record.word(at: offset + 16)
        guard start <= end else { return }
        call.observedStart = start
        call.observedEnd = end
        let whole = offset + MemoryLayout<mf_observation>.size
        guard whole <= record.size else { return }
        call.observedRights = UInt8(truncatingIfNeeded: record.word(at: offset + 24))
        call.observedTime = max(call.end, record.word(at: offset + 32))
        further = whole..<record.size
    }

    @inline(__always)
    private static func arguments(
        _ record: Record, at offset: Int, _ count: Int
    ) -> (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
        @inline(__always) func word(_ index: Int) -> UInt64 {
            index < count ? record.word(at: offset + 8 * index) : 0
        }
        return (word(0), word(1), word(2), word(3), word(4), word(5))
    }
}

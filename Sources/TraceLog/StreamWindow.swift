/// A piece of a stream, copied out of the file and laid end to end: records in it neither straddle nor wrap.
struct StreamWindow: ~Copyable {
    static let capacity = 256 * 1024

    private let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    private(set) var start: UInt64 = 0
    private(set) var end: UInt64 = 0

    init() {}

    deinit { storage.deallocate() }

    /// The bytes behind `position`, which must lie in the window; valid until the next `fill`.
    func bytes(from position: UInt64) -> UnsafeRawBufferPointer {
        let first = Int(position &- start)
        return UnsafeRawBufferPointer(rebasing: storage[first..<Int(end &- start)])
    }

    /// The valid record at a position, if the window holds all of it.
    @inline(__always)
    func record(at position: UInt64) -> Record? {
        RecordHeader.record(in: bytes(from: position), at: position)
    }

    /// The first position whose word is not zero; at most `most` bytes further, or the window's end.
    func firstNonzero(from position: UInt64, most: UInt64) -> UInt64 {
        let words = bytes(from: position).bindMemory(to: UInt64.self).prefix(Int(most / 8))
        let zeros = words.prefix { $0 == 0 }.count
        return position &+ 8 &* UInt64(zeros)
    }

    func holds(_ position: UInt64, _ size: UInt64) -> Bool {
        position >= start && position <= end && end &- position >= size
    }

    mutating func invalidate() { end = start }

    /// The first valid record that begins from `first` to before `last`; each attempt is charged to `budget`.
    func firstRecord(_ first: UInt64, _ last: UInt64, budget: inout UInt64) -> Record? {
        for position in stride(from: first, to: min(last, end), by: 8) {
            let rest = bytes(from: position)
            if let record = RecordHeader.record(in: rest, at: position) { return record }
            budget = budget.subtractingClamping(RecordHeader.cost(of: rest))
        }
        return nil
    }

    /// Copies the stream from `first` to at most `last`, each segment from the place it lies in.
    mutating func fill(
        from first: UInt64, to last: UInt64, of layout: StreamLayout, swapping swapped: UInt64?,
        source: borrowing LogSource
    ) {
        start = first
        end = min(last, first.addingClamping(UInt64(Self.capacity)))
        var position = first
        while position < end {
            let stop = min(end, layout.segmentEnd(of: position))
            let piece = storage[Int(position &- first)..<Int(stop &- first)]
            let offset = layout.offset(of: position, in: layout.place(of: position, swapping: swapped))
            source.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: piece))
            position = stop
        }
    }
}

import TraceLog

/// Numbers most of which are 0; a checkpoint holds the others only, by their places.
struct SparseCounts: Codable {
    private var values: [UInt32]

    init(zeros count: Int) { values = Array(repeating: 0, count: count) }

    var count: Int { values.count }

    @inline(__always)
    subscript(_ place: Int) -> UInt32 {
        get { values[place] }
        _modify { yield &values[place] }
    }

    subscript(_ places: Range<Int>) -> ArraySlice<UInt32> { values[places] }

    /// Adds zeros at the end.
    mutating func grow(to count: Int) { values += Array(repeating: 0, count: count - values.count) }

    init(from decoder: any Decoder) throws {
        var words = WordList(try decoder.singleValueContainer().decode(WordList.self))
        guard let count = Int(exactly: try words.next()), count <= 1 << 28 else { throw WordList.TooShort() }
        values = Array(repeating: 0, count: count)
        while !words.isAtEnd {
            let word = try words.next()
            let place = Int(word >> 32)
            guard place < count else { throw WordList.TooShort() }
            values[place] = UInt32(truncatingIfNeeded: word)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let used = values.indices.lazy.filter { values[$0] != 0 }.map {
            UInt64($0) << 32 | UInt64(values[$0])
        }
        try container.encode(WordList([UInt64(values.count)] + used))
    }
}

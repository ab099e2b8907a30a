import TraceLog

/// What each slot of a `SiteTable` did and holds. A checkpoint has the rows as words: it may hold a hundred thousand.
struct SiteRows: Codable {
    struct Row {
        var live: Int32 = 0
        /// What `live` was at the peak number `peak`; untouched rows still have it in `live`.
        var atPeak: Int32 = 0
        var peak: UInt32 = 0
        /// The stretch of the history that knows the row as touched.
        var stamp: UInt32 = 0
        var calls: UInt32 = 0
        var failed: UInt32 = 0
        var created: UInt32 = 0
        var split: UInt32 = 0
        var vanished: UInt32 = 0
        /// Of `vanished`: a neighbour grew over it.
        var merged: UInt32 = 0
        var firstTime: UInt64 = 0
        var lastTime: UInt64 = 0
    }

    private var rows: [Row]

    init(count: Int) { rows = Array(repeating: Row(), count: count) }

    var count: Int { rows.count }
    var indices: Range<Int> { rows.indices }

    @inline(__always)
    subscript(_ slot: Int) -> Row {
        get { rows[slot] }
        _modify { yield &rows[slot] }
    }

    /// Adds rows that did nothing.
    mutating func grow(to count: Int) { rows += Array(repeating: Row(), count: count - rows.count) }

    init(from decoder: any Decoder) throws {
        var words = WordList(try decoder.singleValueContainer().decode(WordList.self))
        rows = []
        while !words.isAtEnd { rows.append(try Row(&words)) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(WordList(rows.flatMap(\.words)))
    }
}

extension SiteRows.Row {
    fileprivate init(_ words: inout WordList) throws {
        (live, atPeak) = try words.pair { Int32(bitPattern: $0) }
        (peak, stamp) = try words.pair { $0 }
        (calls, failed) = try words.pair { $0 }
        (created, split) = try words.pair { $0 }
        (vanished, merged) = try words.pair { $0 }
        firstTime = try words.next()
        lastTime = try words.next()
    }

    fileprivate var words: [UInt64] {
        func word(_ high: UInt32, _ low: UInt32) -> UInt64 { UInt64(high) << 32 | UInt64(low) }
        return [
            word(UInt32(bitPattern: live), UInt32(bitPattern: atPeak)), word(peak, stamp),
            word(calls, failed), word(created, split), word(vanished, merged), firstTime, lastTime,
        ]
    }
}

extension WordList {
    /// The halves of the next number.
    fileprivate mutating func pair<Half>(_ half: (UInt32) -> Half) throws -> (Half, Half) {
        let word = try next()
        return (half(UInt32(word >> 32)), half(UInt32(truncatingIfNeeded: word)))
    }
}

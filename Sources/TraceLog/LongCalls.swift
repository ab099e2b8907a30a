/// Calls in line that took longer than others: their threads lost the processor, or waited for the kernel's lock.
///
/// In the order in which they began, and taken out mostly from the front: whoever asks about a time looks at few, where
/// hundreds may be in line.
struct LongCalls {
    /// Nanoseconds beyond which a call counts as one of them.
    static let least: UInt64 = 20_000

    private var calls: [(begin: UInt64, slot: Int32)] = []
    /// Those before this index have been taken out.
    private var first = 0
    /// How many stood still.
    private var standing = 0

    @inline(__always)
    static func contain(_ call: Call) -> Bool { call.end &- call.begin > least }

    var hasStanding: Bool { standing > 0 }

    /// Takes up a call, which must be a long one.
    mutating func insert(_ call: Call, slot: Int32) {
        if call.stoodStill { standing += 1 }
        var index = calls.count
        while index > first, calls[index - 1].begin > call.begin { index -= 1 }
        calls.insert((call.begin, slot), at: index)
    }

    /// Takes out a call that was taken up.
    mutating func remove(_ call: Call, slot: Int32) {
        guard var index = calls[first...].firstIndex(where: { $0.slot == slot }) else { return }
        if call.stoodStill { standing -= 1 }
        while index > first {
            calls[index] = calls[index - 1]
            index -= 1
        }
        first += 1
        if first > calls.count / 2 {
            calls.removeFirst(first)
            first = 0
        }
    }

    /// The slots of those that began before a time.
    @inline(__always)
    func forEach(begunBefore time: UInt64, _ body: (Int32) -> Void) {
        var index = first
        while index < calls.count, calls[index].begin < time {
            body(calls[index].slot)
            index += 1
        }
    }
}

/// Values by address range; ranges may nest and overlap.
struct RangeTable<Value> {
    struct Entry {
        var range: Range<UInt64>
        var value: Value
    }

    /// By start; of one start the longest first, so that the innermost comes last.
    private let entries: [Entry]
    /// By index: the highest end among all entries up to it. Says when a backward search may stop.
    private let reach: [UInt64]

    init(_ unsorted: [Entry]) {
        let order = unsorted.indices.sorted { a, b in
            let (x, y) = (unsorted[a].range, unsorted[b].range)
            if x.lowerBound != y.lowerBound { return x.lowerBound < y.lowerBound }
            return x.upperBound != y.upperBound ? x.upperBound > y.upperBound : a > b
        }
        entries = order.map { unsorted[$0] }
        var highest: UInt64 = 0
        reach = entries.map { entry in
            highest = max(highest, entry.range.upperBound)
            return highest
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// The value whose range starts last among those that contain the address; of equals the first given.
    func innermost(at address: UInt64) -> Entry? {
        var index = firstIndex(startingAfter: address)
        while index > 0, reach[index - 1] > address {
            index -= 1
            if entries[index].range.contains(address) { return entries[index] }
        }
        return nil
    }

    /// Every value whose range starts exactly at the address.
    func starting(at address: UInt64) -> ArraySlice<Entry> {
        let end = firstIndex(startingAfter: address)
        var start = end
        while start > 0, entries[start - 1].range.lowerBound == address { start -= 1 }
        return entries[start..<end]
    }

    private func firstIndex(startingAfter address: UInt64) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].range.lowerBound > address { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

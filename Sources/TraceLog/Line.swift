/// A double-ended queue of fixed capacity whose elements are put in from the back.
struct Line<Element> {
    private var ring: [Element]
    private var first = 0
    private(set) var count = 0
    private let mask: Int

    init(filler: Element, capacity: Int) {
        var size = 1
        while size < capacity { size *= 2 }
        ring = [Element](repeating: filler, count: size)
        mask = size - 1
    }

    subscript(index: Int) -> Element {
        get { ring[(first &+ index) & mask] }
        set { ring[(first &+ index) & mask] = newValue }
    }

    /// Puts an element in before all those at the back that are behind it; returns its index.
    mutating func insert(_ element: Element, before isBehind: (Element) -> Bool) -> Int {
        precondition(count < ring.count)
        var index = count
        while index > 0, isBehind(self[index - 1]) {
            self[index] = self[index - 1]
            index -= 1
        }
        self[index] = element
        count += 1
        return index
    }

    mutating func removeFirst() -> Element? {
        if count == 0 { return nil }
        let element = ring[first]
        first = (first + 1) & mask
        count -= 1
        return element
    }

    /// Moves an element to an earlier index; those between move one back.
    mutating func move(from index: Int, to earlier: Int) {
        let element = self[index]
        var place = index
        while place > earlier {
            self[place] = self[place - 1]
            place -= 1
        }
        self[earlier] = element
    }
}

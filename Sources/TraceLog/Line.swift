/// A double-ended queue of fixed capacity whose elements are put in from the back.
///
/// Handles its memory by hand: every index is masked to the ring before it is used.
struct Line<Element: BitwiseCopyable>: ~Copyable {
    private let ring: UnsafeMutablePointer<Element>
    private var first = 0
    private(set) var count = 0
    private let mask: Int

    init(capacity: Int) {
        var size = 1
        while size < capacity { size *= 2 }
        ring = .allocate(capacity: size)
        mask = size - 1
    }

    deinit { ring.deallocate() }

    var capacity: Int { mask + 1 }

    subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress { UnsafePointer(ring + ((first &+ index) & mask)) }
        @inline(__always) nonmutating unsafeMutableAddress { ring + ((first &+ index) & mask) }
    }

    /// Puts an element in behind all others.
    @inline(__always)
    mutating func append(_ element: Element) {
        precondition(count <= mask)
        self[count] = element
        count &+= 1
    }

    /// Puts an element in before all those at the back that are behind it; returns its index.
    mutating func insert(_ element: Element, before isBehind: (Element) -> Bool) -> Int {
        append(element)
        var index = count - 1
        while index > 0, isBehind(self[index - 1]) {
            self[index] = self[index - 1]
            index -= 1
        }
        self[index] = element
        return index
    }

    @inline(__always)
    mutating func removeFirst() -> Element? {
        if count == 0 { return nil }
        let element = ring[first]
        first = (first &+ 1) & mask
        count &-= 1
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

import CPrefetch

/// Where the calls to come will work: what they need is fetched into the cache while others are applied, in two steps,
/// since the place of a VMA is known only when its leaf is there. Eight calls are looked for side by side.
///
/// One of the four files of this room that handle memory by hand (see VMATree): a ring, as arrays side by side.
struct VMAForesight: ~Copyable {
    /// Calls that are looked for together.
    static var group: Int { 8 }
    /// Calls between the first step and the call itself; the second step comes a group later. More would drive out of the
    /// cache what was fetched for those before.
    static var distance: Int { 24 }
    private static var capacity: Int { 32 }

    fileprivate let addresses: UnsafeMutablePointer<UInt64>
    fileprivate let leaves: UnsafeMutablePointer<UInt64>
    fileprivate let slots: UnsafeMutablePointer<UInt64>
    private var next = 0

    init() {
        addresses = .allocate(capacity: Self.capacity)
        leaves = .allocate(capacity: Self.capacity)
        slots = .allocate(capacity: Self.capacity)
        addresses.initialize(repeating: .max, count: Self.capacity)
        leaves.initialize(repeating: .max, count: Self.capacity)
        slots.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        addresses.deallocate()
        leaves.deallocate()
        slots.deallocate()
    }

    /// Where the oldest of those foreseen works if that is `address`: a place to be tried, no more.
    @inline(__always)
    func place(of address: UInt64) -> VMATree.Cursor? {
        let oldest = (next &- Self.distance) & (Self.capacity &- 1)
        guard addresses[oldest] == address else { return nil }
        return VMATree.Cursor(
            leaf: Int(truncatingIfNeeded: leaves[oldest]), slot: Int(truncatingIfNeeded: slots[oldest]))
    }

    /// Puts in a new address in place of the oldest; whether a group is complete.
    @inline(__always)
    mutating func add(_ address: UInt64) -> Bool {
        addresses[next] = address
        next = (next &+ 1) & (Self.capacity &- 1)
        return next & (Self.group &- 1) == 0
    }

    /// Where in the ring the group begins that was put in last, or `back` groups before it.
    fileprivate func first(back: Int) -> Int { (next &- Self.group &* (back &+ 1)) & (Self.capacity &- 1) }
}

extension VMATree {
    @inline(__always)
    mutating func foresee(_ address: UInt64) {
        guard foresight.add(address) else { return }
        findLeaves(foresight.first(back: 0))
        findSlots(foresight.first(back: 1))
    }

    /// The first step for a group: fetches the leaves.
    private func findLeaves(_ first: Int) {
        let found = foresight.leaves + first
        findLeaves(of: foresight.addresses + first, found)
        var latest = UInt64.max
        for index in 0..<VMAForesight.group {
            let leaf = found[index]
            // One call after the other often works at one place.
            if leaf != latest, leaf < leafCount { leaves[Int(truncatingIfNeeded: leaf)].prefetch() }
            latest = leaf
        }
    }

    /// The second step: fetches the VMAs that the calls find first, and their neighbours.
    private func findSlots(_ first: Int) {
        for index in first..<first &+ VMAForesight.group {
            let number = foresight.leaves[index]
            if number >= leafCount { continue }
            if index > first, foresight.addresses[index] == foresight.addresses[index &- 1] {
                foresight.slots[index] = foresight.slots[index &- 1]
                continue
            }
            let leaf = leaves[Int(truncatingIfNeeded: number)]
            let slot = leaf.slot(endingAbove: foresight.addresses[index])
            foresight.slots[index] = UInt64(truncatingIfNeeded: slot)
            let last = leaf.count &- 1
            if slot <= last { mapfray_prefetch(pool[leaf.numbers[slot]]) }
            if slot > 0 { mapfray_prefetch(pool[leaf.numbers[slot &- 1]]) }
            if slot < last { mapfray_prefetch(pool[leaf.numbers[slot &+ 1]]) }
        }
    }
}

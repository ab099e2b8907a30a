import CPrefetch

/// Where the calls to come will work: what they need is fetched into the cache while others are applied, in two steps,
/// since the place of a VMA is known only when its leaf is there. Eight addresses are looked for side by side; calls at one
/// address, as often come one after the other, count as one.
///
/// One of the files of this room that handle memory by hand (see VMATree): a ring, as arrays side by side.
@usableFromInline struct VMAForesight: ~Copyable {
    /// Addresses that are looked for together.
    static var group: Int { 8 }
    /// Calls between the first step and the call itself; the second step comes a group later. More would drive out of the
    /// cache what was fetched for those before.
    @inlinable static var distance: Int { 40 }
    private static var capacity: Int { 64 }

    fileprivate let addresses: UnsafeMutablePointer<UInt64>
    fileprivate let leaves: UnsafeMutablePointer<UInt64>
    fileprivate let slots: UnsafeMutablePointer<UInt64>
    /// What is searched for each of a group.
    fileprivate let rows: UnsafeMutablePointer<UnsafePointer<UInt64>?>
    /// The number of the last call that works at each.
    private let lastCalls: UnsafeMutablePointer<Int>
    /// Where in the ring the call applied last is, and the one foreseen last.
    private var current = 0
    private var newest = 0
    /// The number of the call applied last.
    private var call = 0

    init() {
        addresses = .allocate(capacity: Self.capacity)
        leaves = .allocate(capacity: Self.capacity)
        slots = .allocate(capacity: Self.capacity)
        lastCalls = .allocate(capacity: Self.capacity)
        rows = .allocate(capacity: Self.group)
        rows.initialize(repeating: nil, count: Self.group)
        addresses.initialize(repeating: .max, count: Self.capacity)
        leaves.initialize(repeating: .max, count: Self.capacity)
        slots.initialize(repeating: 0, count: Self.capacity)
        lastCalls.initialize(repeating: Self.distance, count: Self.capacity)
    }

    deinit {
        addresses.deallocate()
        leaves.deallocate()
        slots.deallocate()
        rows.deallocate()
        lastCalls.deallocate()
    }

    /// Goes on to the next call.
    @inline(__always)
    mutating func proceed() {
        call &+= 1
        if lastCalls[current] < call { current = Self.behind(current) }
    }

    /// Where the call works that is being applied if that is `address`: a place to be tried, no more.
    @inline(__always)
    func place(of address: UInt64) -> VMATree.Cursor? {
        guard addresses[current] == address else { return nil }
        return VMATree.Cursor(
            leaf: Int(truncatingIfNeeded: leaves[current]), slot: Int(truncatingIfNeeded: slots[current]))
    }

    /// Takes in where the call works that comes `distance` behind the one applied last; whether that makes a group complete.
    @inline(__always)
    mutating func add(_ address: UInt64) -> Bool {
        let last = call &+ Self.distance
        if addresses[newest] == address {
            lastCalls[newest] = last
            return false
        }
        newest = Self.behind(newest)
        (addresses[newest], lastCalls[newest]) = (address, last)
        return newest & (Self.group &- 1) == Self.group &- 1
    }

    @inline(__always)
    private static func behind(_ place: Int) -> Int { (place &+ 1) & (capacity &- 1) }

    /// Where in the ring the group begins that was completed last, or `back` groups before it.
    fileprivate func first(back: Int) -> Int {
        (newest &+ 1 &- Self.group &* (back &+ 1)) & (Self.capacity &- 1)
    }
}

extension VMATree {
    @inline(__always)
    mutating func foresee(_ address: UInt64) {
        if foresight.add(address) { lookAhead() }
    }

    /// Apart from the rest, for it comes once in many calls and needs many registers.
    @inline(never)
    private func lookAhead() {
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
            // Neighbours often are in one leaf.
            if leaf != latest, leaf < leafCount { leaves[Int(truncatingIfNeeded: leaf)].prefetch() }
            latest = leaf
        }
    }

    /// The second step: fetches the VMAs that the calls find first, and their neighbours.
    private func findSlots(_ first: Int) {
        let found = foresight.leaves + first
        for index in 0..<VMAForesight.group {
            // Behind the last VMA nothing is found in any leaf.
            let leaf = found[index] < leafCount ? Int(truncatingIfNeeded: found[index]) : 0
            foresight.rows[index] = UnsafePointer(leaves[leaf].ends)
        }
        let slots = foresight.slots + first
        mapfray_first_above_of_32_eight(foresight.rows, foresight.addresses + first, slots)
        for index in 0..<VMAForesight.group where found[index] < leafCount {
            fetch(leaves[Int(truncatingIfNeeded: found[index])], Int(truncatingIfNeeded: slots[index]))
        }
    }

    @inline(__always)
    private func fetch(_ leaf: VMALeaf, _ slot: Int) {
        let last = leaf.count &- 1
        if slot <= last { mapfray_prefetch(pool[leaf.numbers[slot]]) }
        if slot > 0, slot <= leaf.count { mapfray_prefetch(pool[leaf.numbers[slot &- 1]]) }
        if slot < last { mapfray_prefetch(pool[leaf.numbers[slot &+ 1]]) }
    }
}

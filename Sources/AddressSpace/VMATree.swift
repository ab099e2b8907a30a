import CPrefetch

/// The VMAs of an address space in the order of addresses: a two-level B+tree whose top is a sorted array of the
/// leaves' last ends. Search O(log n); insertion and removal move at most one leaf, and the top on a leaf's split.
///
/// With VMALeaf.swift, VMALeafBlocks.swift, VMAPool.swift and VMAForesight.swift the only place of the replay that handles
/// memory by hand; every pointer stays inside these files, except the one `subscript` yields for the time of an access.
struct VMATree: ~Copyable, @unchecked Sendable {
    /// The place of a VMA; any insertion or removal invalidates all others than the one it returns.
    struct Cursor {
        var leaf: Int
        var slot: Int

        func isSame(as other: Cursor) -> Bool { leaf == other.leaf && slot == other.slot }
    }

    var leaves: UnsafeMutablePointer<VMALeaf>
    private var lastEnds: UnsafeMutablePointer<UInt64>
    private(set) var leafCount = 1
    private var leafCapacity: Int
    /// Apart from `mappedBytes`: side by side the two would be read as one, which waits for what was written of each alone.
    private(set) var count = 0
    private var blocks = VMALeafBlocks()
    var pool = VMAPool()
    /// The place that is tried before the top is searched.
    private var finger = Cursor(leaf: 0, slot: 0)
    var foresight = VMAForesight()
    /// Bytes.
    private(set) var mappedBytes: UInt64 = 0

    init() {
        leafCapacity = 16
        leaves = .allocate(capacity: leafCapacity)
        lastEnds = .allocate(capacity: leafCapacity)
        leaves.initialize(to: VMALeaf(in: blocks.take()))
        lastEnds.initialize(to: 0)
    }

    deinit {
        leaves.deallocate()
        lastEnds.deallocate()
    }
}

// MARK: - Places
extension VMATree {
    /// The first VMA that ends above `address`; may be the end.
    @inline(__always)
    func first(endingAbove address: UInt64) -> Cursor {
        if isFirst(finger, endingAbove: address) { return finger }
        let leaf = isLeaf(finger.leaf, of: address) ? finger.leaf : self.leaf(of: address)
        guard leaf < leafCount else { return end }
        return Cursor(leaf: leaf, slot: leaves[leaf].slot(endingAbove: address))
    }

    /// Whether `first(endingAbove:)` would give `place`, which may be any.
    @inline(__always)
    private func isFirst(_ place: Cursor, endingAbove address: UInt64) -> Bool {
        // Of a negative one the bits are a large number.
        guard UInt(bitPattern: place.leaf) < UInt(bitPattern: leafCount) else { return false }
        let leaf = leaves + place.leaf
        let (ends, slot) = (leaf.pointee.ends, place.slot)
        guard slot < leaf.pointee.count, ends[slot] > address else { return false }
        if slot > 0 { return ends[slot &- 1] <= address }
        return place.leaf == 0 || lastEnds[place.leaf &- 1] <= address
    }

    /// The leaf whose VMAs may hold `address`; `leafCount` behind the last.
    @inline(__always)
    private func leaf(of address: UInt64) -> Int {
        Int(truncatingIfNeeded: mapfray_first_above(lastEnds, UInt64(truncatingIfNeeded: leafCount), address))
    }

    /// The same for each of eight addresses.
    @inline(__always)
    func findLeaves(of addresses: UnsafePointer<UInt64>, _ found: UnsafeMutablePointer<UInt64>) {
        mapfray_first_above_eight(lastEnds, UInt64(truncatingIfNeeded: leafCount), addresses, found)
    }

    /// Whether `leaf(of:)` would give `leaf`.
    @inline(__always)
    private func isLeaf(_ leaf: Int, of address: UInt64) -> Bool {
        leaf < leafCount && lastEnds[leaf] > address && (leaf == 0 || lastEnds[leaf &- 1] <= address)
    }

    /// Says where the next searches will be, at the begin of a call.
    @inline(__always)
    mutating func aim(at address: UInt64) {
        foresight.proceed()
        if isFirst(finger, endingAbove: address) { return }
        if let place = foresight.place(of: address), isFirst(place, endingAbove: address) {
            finger = place
        } else {
            finger = first(endingAbove: address)
        }
    }

    /// The same, where the place is known.
    @inline(__always)
    mutating func aim(at place: Cursor) { finger = place }

    /// Behind the last VMA.
    var end: Cursor { Cursor(leaf: leafCount - 1, slot: leaves[leafCount - 1].count) }

    @inline(__always)
    func isEnd(_ cursor: Cursor) -> Bool { cursor.slot >= leaves[cursor.leaf].count }

    @inline(__always)
    func next(_ cursor: Cursor) -> Cursor { settled(Cursor(leaf: cursor.leaf, slot: cursor.slot &+ 1)) }

    /// The VMA before `cursor`, nil at the first.
    @inline(__always)
    func previous(_ cursor: Cursor) -> Cursor? {
        if cursor.slot > 0 { return Cursor(leaf: cursor.leaf, slot: cursor.slot &- 1) }
        guard cursor.leaf > 0 else { return nil }
        return Cursor(leaf: cursor.leaf &- 1, slot: leaves[cursor.leaf &- 1].count &- 1)
    }

    /// The start of the next leaf for a cursor that ran over its own.
    @inline(__always)
    private func settled(_ cursor: Cursor) -> Cursor {
        guard cursor.slot >= leaves[cursor.leaf].count, cursor.leaf &+ 1 < leafCount else { return cursor }
        return Cursor(leaf: cursor.leaf &+ 1, slot: 0)
    }

    /// The VMA at `cursor`. Its range is changed by `setRange`, never here.
    subscript(cursor: Cursor) -> VMA {
        @inline(__always) unsafeAddress { UnsafePointer(pointer(cursor)) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer(cursor) }
    }

    @inline(__always)
    private func pointer(_ cursor: Cursor) -> UnsafeMutablePointer<VMA> {
        let leaf = leaves + cursor.leaf
        // Of a negative one the bits are a large number.
        precondition(UInt(bitPattern: cursor.slot) < UInt(bitPattern: leaf.pointee.count))
        return pool[leaf.pointee.numbers[cursor.slot]]
    }
}

// MARK: - Changes
extension VMATree {
    /// Moves the bounds of a VMA; the order of the VMAs must stay.
    @inline(__always)
    mutating func setRange(_ cursor: Cursor, _ start: UInt64, _ end: UInt64) {
        let vma = pointer(cursor)
        mappedBytes = mappedBytes &- (vma.pointee.end &- vma.pointee.start) &+ (end &- start)
        vma.pointee.start = start
        vma.pointee.end = end
        leaves[cursor.leaf].ends[cursor.slot] = end
        noteLastEnd(cursor.leaf)
    }

    /// Inserts before `cursor`, and returns the place of the new VMA.
    @inline(__always)
    mutating func insert(_ vma: VMA, at cursor: Cursor) -> Cursor {
        let place = withRoom(cursor)
        leaves[place.leaf].insert(pool.add(vma), endingAt: vma.end, at: place.slot)
        noteLastEnd(place.leaf)
        count &+= 1
        mappedBytes &+= vma.end &- vma.start
        return place
    }

    /// Cuts a VMA in two that differ in their ranges alone, and returns the place of the right one.
    @inline(__always)
    mutating func cut(_ cursor: Cursor, at address: UInt64) -> Cursor {
        let place = withRoom(Cursor(leaf: cursor.leaf, slot: cursor.slot &+ 1))
        let left = previous(place) ?? cursor
        let number = pool.add(self[left])
        let right = pool[number]
        right.pointee.start = address
        pointer(left).pointee.end = address
        leaves[left.leaf].ends[left.slot] = address
        noteLastEnd(left.leaf)
        leaves[place.leaf].insert(number, endingAt: right.pointee.end, at: place.slot)
        noteLastEnd(place.leaf)
        count &+= 1
        return place
    }

    /// Removes one VMA, and returns the place of the one that followed it.
    mutating func remove(_ cursor: Cursor) -> Cursor {
        let vma = pointer(cursor)
        mappedBytes &-= vma.pointee.end &- vma.pointee.start
        count &-= 1
        pool.remove(leaves[cursor.leaf].numbers[cursor.slot])
        leaves[cursor.leaf].remove(at: cursor.slot)
        noteLastEnd(cursor.leaf)
        return leaves[cursor.leaf].count < VMALeaf.capacity / 4 ? repaired(cursor) : settled(cursor)
    }

    mutating func removeAll() {
        for index in 0..<leafCount { blocks.give(leaves[index].memory) }
        pool.removeAll()
        leaves[0] = VMALeaf(in: blocks.take())
        lastEnds[0] = 0
        leafCount = 1
        count = 0
        mappedBytes = 0
    }

    func copy() -> VMATree {
        var other = VMATree()
        var cursor = first(endingAbove: 0)
        while !isEnd(cursor) {
            _ = other.insert(self[cursor], at: other.end)
            cursor = next(cursor)
        }
        return other
    }
}

// MARK: - Leaves
extension VMATree {
    @inline(__always)
    private func noteLastEnd(_ leaf: Int) {
        let count = leaves[leaf].count
        if count > 0 { lastEnds[leaf] = leaves[leaf].ends[count &- 1] }
    }

    /// The place before which there is room for one more VMA: `cursor`, or where that is after its leaf was split.
    @inline(__always)
    private mutating func withRoom(_ cursor: Cursor) -> Cursor {
        leaves[cursor.leaf].count < VMALeaf.capacity ? cursor : splitLeaf(at: cursor)
    }

    /// Makes room: half of the leaf moves to a new one behind it, a quarter where the insertion is at its end. Were leaves
    /// full that are filled in order, as from a snapshot, each would be split by the first insertion after that.
    private mutating func splitLeaf(at cursor: Cursor) -> Cursor {
        let middle = cursor.slot == VMALeaf.capacity ? VMALeaf.capacity * 3 / 4 : VMALeaf.capacity / 2
        openLeaf(at: cursor.leaf + 1)
        leaves[cursor.leaf].move(from: middle, into: &leaves[cursor.leaf + 1])
        noteLastEnd(cursor.leaf)
        noteLastEnd(cursor.leaf + 1)
        if cursor.slot < middle { return cursor }
        return Cursor(leaf: cursor.leaf + 1, slot: cursor.slot - middle)
    }

    private mutating func openLeaf(at index: Int) {
        if leafCount == leafCapacity { growTop() }
        (leaves + index + 1).moveInitialize(from: leaves + index, count: leafCount - index)
        (lastEnds + index + 1).moveInitialize(from: lastEnds + index, count: leafCount - index)
        (leaves + index).initialize(to: VMALeaf(in: blocks.take()))
        (lastEnds + index).initialize(to: 0)
        leafCount += 1
    }

    private mutating func growTop() {
        let capacity = leafCapacity * 2
        leaves = Self.moved(leaves, leafCount, to: capacity)
        lastEnds = Self.moved(lastEnds, leafCount, to: capacity)
        leafCapacity = capacity
    }

    private static func moved<T>(
        _ old: UnsafeMutablePointer<T>, _ count: Int, to capacity: Int
    ) -> UnsafeMutablePointer<T> {
        let new = UnsafeMutablePointer<T>.allocate(capacity: capacity)
        new.moveInitialize(from: old, count: count)
        old.deallocate()
        return new
    }

    /// After a removal at `cursor` by which its leaf ran low: it is closed or joined to a neighbour.
    @inline(never)
    private mutating func repaired(_ cursor: Cursor) -> Cursor {
        let leaf = cursor.leaf
        guard leafCount > 1 else { return settled(cursor) }
        if leaf > 0, leaves[leaf - 1].count + leaves[leaf].count <= VMALeaf.capacity * 3 / 4 {
            let slot = leaves[leaf - 1].count + cursor.slot
            joinLeaf(leaf)
            return settled(Cursor(leaf: leaf - 1, slot: slot))
        }
        if leaf + 1 < leafCount, leaves[leaf].count + leaves[leaf + 1].count <= VMALeaf.capacity * 3 / 4 {
            joinLeaf(leaf + 1)
            return settled(cursor)
        }
        return leaves[leaf].count == 0 ? withoutEmptyLeaf(leaf) : settled(cursor)
    }

    /// Moves a leaf's VMAs into the one before it.
    private mutating func joinLeaf(_ leaf: Int) {
        leaves[leaf].move(from: 0, into: &leaves[leaf - 1])
        closeLeaf(leaf)
        noteLastEnd(leaf - 1)
    }

    private mutating func withoutEmptyLeaf(_ leaf: Int) -> Cursor {
        closeLeaf(leaf)
        return leaf < leafCount ? Cursor(leaf: leaf, slot: 0) : end
    }

    private mutating func closeLeaf(_ leaf: Int) {
        blocks.give(leaves[leaf].memory)
        (leaves + leaf).moveInitialize(from: leaves + leaf + 1, count: leafCount - leaf - 1)
        (lastEnds + leaf).moveInitialize(from: lastEnds + leaf + 1, count: leafCount - leaf - 1)
        leafCount -= 1
    }
}

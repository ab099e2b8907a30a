/// A sorted run of at most `capacity` VMAs in one allocation, with their ends apart, so that a search stays
/// within a few cache lines.
struct VMALeaf {
    static let capacity = 64
    private static let vmasOffset = capacity * MemoryLayout<UInt64>.stride
    private static let byteCount = vmasOffset + capacity * MemoryLayout<VMA>.stride

    /// `ends[i]` always equals `vmas[i].end`.
    let ends: UnsafeMutablePointer<UInt64>
    let vmas: UnsafeMutablePointer<VMA>
    var count = 0

    init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 64)
        ends = memory.bindMemory(to: UInt64.self, capacity: Self.capacity)
        vmas = (memory + Self.vmasOffset).bindMemory(to: VMA.self, capacity: Self.capacity)
    }

    /// VMAs are trivial, so freeing the memory is all there is to do.
    func free() { UnsafeMutableRawPointer(ends).deallocate() }

    /// The first slot whose VMA ends above `address`, or `count`.
    @inline(__always)
    func slot(endingAbove address: UInt64) -> Int { lowerSlot(ends, count, above: address) }

    mutating func insert(_ vma: VMA, at slot: Int) {
        shift(from: slot, by: 1)
        (ends + slot).initialize(to: vma.end)
        (vmas + slot).initialize(to: vma)
        count += 1
    }

    mutating func remove(_ slots: Range<Int>) {
        shift(from: slots.upperBound, by: -slots.count)
        count -= slots.count
    }

    /// Moves everything from `slot` on behind what `other` holds.
    mutating func move(from slot: Int, into other: inout VMALeaf) {
        let moved = count - slot
        (other.ends + other.count).moveInitialize(from: ends + slot, count: moved)
        (other.vmas + other.count).moveInitialize(from: vmas + slot, count: moved)
        other.count += moved
        count = slot
    }

    private func shift(from slot: Int, by distance: Int) {
        (ends + slot + distance).moveInitialize(from: ends + slot, count: count - slot)
        (vmas + slot + distance).moveInitialize(from: vmas + slot, count: count - slot)
    }
}

/// The first index of `keys`, which ascend, whose key is above `address`, or `count`; without branches to mispredict.
@inline(__always)
func lowerSlot(_ keys: UnsafeMutablePointer<UInt64>, _ count: Int, above address: UInt64) -> Int {
    var base = 0
    var size = count
    while size > 0 {
        let half = size >> 1
        let goesRight = keys[base &+ half] <= address
        base = goesRight ? base &+ half &+ 1 : base
        size = goesRight ? size &- half &- 1 : half
    }
    return base
}

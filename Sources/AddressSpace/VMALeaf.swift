import CPrefetch

/// A sorted run of at most `capacity` VMAs: their ends, for the search, and their numbers in the pool. Twelve bytes are
/// moved for a VMA where one is put in or taken out before it.
struct VMALeaf {
    static let capacity = 64
    private static let numbersOffset = capacity * MemoryLayout<UInt64>.stride
    private static let byteCount = numbersOffset + capacity * MemoryLayout<UInt32>.stride

    /// `ends[i]` always equals the end of the VMA that `numbers[i]` names; behind these all are `.max`, so that a search
    /// takes the same steps in every leaf.
    let ends: UnsafeMutablePointer<UInt64>
    let numbers: UnsafeMutablePointer<UInt32>
    var count = 0

    init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 64)
        ends = memory.bindMemory(to: UInt64.self, capacity: Self.capacity)
        ends.initialize(repeating: .max, count: Self.capacity)
        numbers = (memory + Self.numbersOffset).bindMemory(to: UInt32.self, capacity: Self.capacity)
    }

    func free() { UnsafeMutableRawPointer(ends).deallocate() }

    /// The first slot whose VMA ends above `address`, or `count`.
    @inline(__always)
    func slot(endingAbove address: UInt64) -> Int {
        min(count, Int(truncatingIfNeeded: mapfray_first_above_of_64(ends, address)))
    }

    mutating func insert(_ number: UInt32, endingAt end: UInt64, at slot: Int) {
        precondition(slot >= 0 && slot <= count && count < Self.capacity)
        var place = count
        while place > slot {
            ends[place] = ends[place &- 1]
            numbers[place] = numbers[place &- 1]
            place &-= 1
        }
        ends[slot] = end
        numbers[slot] = number
        count += 1
    }

    mutating func remove(at slot: Int) {
        precondition(slot >= 0 && slot < count)
        count -= 1
        var place = slot
        while place < count {
            ends[place] = ends[place &+ 1]
            numbers[place] = numbers[place &+ 1]
            place &+= 1
        }
        ends[count] = .max
    }

    /// Moves everything from `slot` on behind what `other` holds.
    mutating func move(from slot: Int, into other: inout VMALeaf) {
        let moved = count - slot
        precondition(slot >= 0 && moved >= 0 && other.count + moved <= Self.capacity)
        (other.ends + other.count).moveInitialize(from: ends + slot, count: moved)
        (other.numbers + other.count).moveInitialize(from: numbers + slot, count: moved)
        (ends + slot).initialize(repeating: .max, count: moved)
        other.count += moved
        count = slot
    }

    /// Fetches what is in use of it into the cache.
    @inline(__always)
    func prefetch() {
        let memory = UnsafeRawPointer(ends)
        for line in stride(from: 0, to: count &* 8, by: 64) { mapfray_prefetch(memory + line) }
        let numbers = UnsafeRawPointer(numbers)
        for line in stride(from: 0, to: count &* 4, by: 64) { mapfray_prefetch(numbers + line) }
    }
}

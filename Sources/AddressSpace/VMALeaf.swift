import CPrefetch

/// A sorted run of at most `capacity` VMAs: their ends, for the search, and their numbers in the pool. Twelve bytes are
/// moved for a VMA where one is put in or taken out before it.
struct VMALeaf {
    /// What a search steps through (mapfray_first_above_of_32). Twice as many fill the nearest cache with what comes
    /// ahead (VMAForesight), half as many make the top long.
    static let capacity = 32
    /// What is moved is moved by eights, over the end too.
    private static let room = capacity + 8
    private static let numbersOffset = room * MemoryLayout<UInt64>.stride
    /// A cache line.
    static let alignment = 64
    /// Of the memory that one takes.
    static let byteCount =
        (numbersOffset + room * MemoryLayout<UInt32>.stride + alignment - 1) / alignment * alignment

    /// `ends[i]` always equals the end of the VMA that `numbers[i]` names; behind these all are `.max`, so that a search
    /// takes the same steps in every leaf.
    let ends: UnsafeMutablePointer<UInt64>
    let numbers: UnsafeMutablePointer<UInt32>
    var count = 0

    /// - Parameter memory: `byteCount` bytes, whole cache lines.
    init(in memory: UnsafeMutableRawPointer) {
        ends = memory.bindMemory(to: UInt64.self, capacity: Self.room)
        ends.initialize(repeating: .max, count: Self.room)
        numbers = (memory + Self.numbersOffset).bindMemory(to: UInt32.self, capacity: Self.room)
        numbers.initialize(repeating: 0, count: Self.room)
    }

    var memory: UnsafeMutableRawPointer { UnsafeMutableRawPointer(ends) }

    /// The first slot whose VMA ends above `address`, or `count`.
    @inline(__always)
    func slot(endingAbove address: UInt64) -> Int {
        min(count, Int(truncatingIfNeeded: mapfray_first_above_of_32(ends, address)))
    }

    @inline(__always)
    mutating func insert(_ number: UInt32, endingAt end: UInt64, at slot: Int) {
        precondition(slot >= 0 && slot <= count && count < Self.capacity)
        var eight = slot &+ (count &- slot &- 1) & ~7
        while eight >= slot {
            moveEight(from: eight, to: eight &+ 1)
            eight &-= 8
        }
        ends[slot] = end
        numbers[slot] = number
        count += 1
    }

    @inline(__always)
    mutating func remove(at slot: Int) {
        precondition(slot >= 0 && slot < count)
        count -= 1
        var eight = slot
        while eight < count {
            moveEight(from: eight &+ 1, to: eight)
            eight &+= 8
        }
        ends[count] = .max
    }

    /// Where they lie one over the other, too. The library's move asks again and again how many there are, which differs
    /// from call to call: what costs time here is a processor that guesses wrong.
    @inline(__always)
    private func moveEight(from source: Int, to target: Int) {
        let someEnds = UnsafeRawPointer(ends + source).loadUnaligned(as: SIMD8<UInt64>.self)
        let someNumbers = UnsafeRawPointer(numbers + source).loadUnaligned(as: SIMD8<UInt32>.self)
        UnsafeMutableRawPointer(ends + target).storeBytes(of: someEnds, as: SIMD8<UInt64>.self)
        UnsafeMutableRawPointer(numbers + target).storeBytes(of: someNumbers, as: SIMD8<UInt32>.self)
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

    /// Fetches it into the cache.
    @inline(__always)
    func prefetch() {
        // A search looks at ends that are not in use too.
        for first in stride(from: 0, to: Self.capacity, by: 8) { mapfray_prefetch(ends + first) }
        for first in stride(from: 0, to: Self.capacity, by: 16) { mapfray_prefetch(numbers + first) }
    }
}

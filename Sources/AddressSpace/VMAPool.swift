/// VMAs in one piece of memory, a cache line each, named by numbers. What was freed last is given out first, so
/// that pieces which come and go stay in the cache.
///
/// One of the files of this room that handle memory by hand (see VMATree).
struct VMAPool: ~Copyable {
    private var places: UnsafeMutablePointer<VMA>
    private var capacity = 64
    /// The lowest number never given out.
    private var fresh: UInt32 = 0
    /// The place freed last, which holds the number of the one before it; `.max`: none.
    private var free = UInt32.max

    init() { places = Self.allocate(capacity) }

    deinit { places.deallocate() }

    /// The VMA's place until the next `add`; `number` must be one that `add` gave.
    @inline(__always)
    subscript(number: UInt32) -> UnsafeMutablePointer<VMA> { places + Int(number) }

    @inline(__always)
    mutating func add(_ vma: VMA) -> UInt32 {
        let number = take()
        self[number].initialize(to: vma)
        return number
    }

    /// VMAs are trivial, so there is nothing to destroy.
    @inline(__always)
    mutating func remove(_ number: UInt32) {
        place(number).storeBytes(of: free, as: UInt32.self)
        free = number
    }

    /// Takes all places back.
    mutating func removeAll() {
        free = .max
        fresh = 0
    }

    @inline(__always)
    private mutating func take() -> UInt32 {
        if free != .max {
            defer { free = place(free).load(as: UInt32.self) }
            return free
        }
        if Int(fresh) == capacity { grow() }
        defer { fresh += 1 }
        return fresh
    }

    @inline(__always)
    private func place(_ number: UInt32) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(self[number])
    }

    private mutating func grow() {
        let larger = Self.allocate(capacity * 2)
        larger.moveInitialize(from: places, count: capacity)
        places.deallocate()
        places = larger
        capacity *= 2
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<VMA> {
        LargePages.allocate(
            byteCount: capacity * MemoryLayout<VMA>.stride, alignment: MemoryLayout<VMA>.stride
        ).bindMemory(to: VMA.self, capacity: capacity)
    }
}

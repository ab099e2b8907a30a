/// Places for calls that wait in line, and for their effects where these had to be found.
///
/// Handles its memory by hand: every slot is compared with the capacity before it is used.
struct CallSlots: ~Copyable {
    private let calls: UnsafeMutablePointer<Call>
    private let effects: UnsafeMutablePointer<CallEffect>
    /// The slots that are free, the next one to be given out last.
    private let free: UnsafeMutablePointer<Int32>
    private var freeCount: Int
    private let capacity: Int
    /// How many slots have ever been free; the memory of the others was not touched yet.
    private var opened = 0

    /// Slots that are opened at once: few for who reads a log's beginning only.
    private static let step = 64

    init(capacity: Int) {
        self.capacity = capacity
        calls = .allocate(capacity: capacity)
        effects = .allocate(capacity: capacity)
        free = .allocate(capacity: capacity)
        freeCount = 0
        open()
    }

    /// Makes more slots free, if there are any; all others must be given out.
    private mutating func open() {
        let count = min(Self.step, capacity - opened)
        (calls + opened).initialize(repeating: Call(kind: .mmap), count: count)
        (effects + opened).initialize(repeating: .none, count: count)
        for place in 0..<count { (free + place).initialize(to: Int32(opened + count - 1 - place)) }
        freeCount = count
        opened += count
    }

    deinit {
        calls.deallocate()
        effects.deallocate()
        free.deallocate()
    }

    /// What lies in the slot that is given out next; there must be a free one.
    var vacant: Call {
        @inline(__always) unsafeAddress { UnsafePointer(nextFree) }
        @inline(__always) nonmutating unsafeMutableAddress { nextFree }
    }

    private var nextFree: UnsafeMutablePointer<Call> {
        @inline(__always) get {
            precondition(freeCount > 0)
            return calls + Int(free[freeCount &- 1])
        }
    }

    /// Gives out the next slot, with the call that was put into it; there must be a free one.
    @inline(__always)
    mutating func takeVacant() -> Int32 {
        precondition(freeCount > 0)
        freeCount &-= 1
        let slot = free[freeCount]
        if freeCount == 0 { open() }
        return slot
    }

    /// Gives the slot back; its call stays readable until another is put into `vacant`.
    @inline(__always)
    mutating func remove(_ slot: Int32) {
        precondition(freeCount < opened)
        free[freeCount] = slot
        freeCount &+= 1
    }

    subscript(slot: Int32) -> Call {
        @inline(__always) unsafeAddress { UnsafePointer(calls + checked(slot)) }
    }

    func effect(_ slot: Int32) -> CallEffect { effects[checked(slot)] }

    mutating func setEffect(_ slot: Int32, _ effect: CallEffect) { effects[checked(slot)] = effect }

    @inline(__always)
    private func checked(_ slot: Int32) -> Int {
        precondition(slot >= 0 && slot < opened)
        return Int(slot)
    }
}

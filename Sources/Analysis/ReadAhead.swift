import CPrefetch
import Dispatch
import Synchronization
package import TraceLog

/// A log that is read on a second processor while what was read before is applied.
///
/// Entries come over in batches of hundreds, so that the two seldom wait for each other; what is asked of the log in
/// between is answered as of the end of the batch that is being given out.
package struct ReadAhead: ~Copyable, EntrySource {
    private let reading: Reading
    /// The batch that is being given out, and the one behind it, into which a replay looks ahead.
    private var batch: Batch
    private var following: Batch
    /// Of the batch's calls, the next to be given out.
    private var place = 0
    /// Of the batch's calls, the first that comes behind the next entry of another kind; their count if there is none.
    private var stop = 0
    /// Of the batch's other entries, the next to be given out.
    private var otherPlace = 0
    package private(set) var definitions: Definitions

    /// Begins to read. The log must not be followed: what is asked for is waited for.
    package init(_ reader: consuming LogReader) {
        definitions = reader.definitions
        reading = Reading(reader)
        (batch, following) = reading.begin()
        learn()
    }

    deinit { reading.stop() }

    package var facts: ProcessFacts { batch.status.facts }
    package var fraction: Double { batch.status.fraction }
    package var lostRecords: Int { batch.status.lostRecords }
    package var damageText: [String] { batch.status.damageText }
    /// `LogReader.undecidedOrders`.
    package var undecidedOrders: Int { batch.status.undecidedOrders }

    package var isNearSnapshot: Bool { batch.isNearSnapshot }

    @inline(__always)
    package mutating func nextCall(_ call: inout Call) -> Bool {
        if place == stop && !advance() { return false }
        let near = place &+ Self.nearing
        if near < batch.count { batch.prefetch(near) } else { following.prefetch(near &- batch.count) }
        call = batch[place]
        place &+= 1
        return true
    }

    package mutating func next() -> LogEntry? {
        if place < stop || advance() {
            defer { place += 1 }
            return .call(batch[place])
        }
        guard otherPlace < batch.others.count else { return nil }
        defer { otherPlace += 1 }
        let entry = batch.others[otherPlace].entry
        stop = otherPlace + 1 < batch.others.count ? batch.others[otherPlace + 1].place : batch.count
        return entry
    }

    @inline(__always)
    package func address(ahead distance: Int) -> UInt64 {
        let index = place &+ distance
        return index < batch.count ? batch.address(index) : following.address(index &- batch.count)
    }

    /// Calls by which they are fetched into this processor's cache before they are looked at.
    private static let nearing = 64

    /// Takes the next batch where this one is used up; whether a call comes next.
    private mutating func advance() -> Bool {
        while otherPlace == batch.others.count, place == batch.count, !batch.isLast {
            (batch, following) = reading.exchange(batch, following)
            learn()
        }
        return place < stop
    }

    private mutating func learn() {
        (place, otherPlace) = (0, 0)
        stop = batch.others.first?.place ?? batch.count
        definitions.add(batch.status.additions)
    }
}

/// Entries on their way from the reader to the replay.
///
/// Handles its memory by hand, for an array would be checked for a second owner at every call: every index is compared
/// with the count or the capacity.
private final class Batch {
    /// Calls. Enough to make the meeting cheap, and few enough to stay in a processor's own cache.
    static let capacity = 1024

    /// What is known of the log where the batch ends.
    struct Status {
        var facts: ProcessFacts
        var fraction: Double
        var lostRecords: Int
        var damageText: [String]
        var undecidedOrders: Int
        /// What the batch is the first to refer to.
        var additions: Definitions.Additions
    }

    private let calls = UnsafeMutablePointer<Call>.allocate(capacity: capacity)
    /// Where each call works, apart from them: a replay looks at these long before the calls.
    private let addresses = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
    /// Whether they hold anything yet: many a log is read before the last batch is needed.
    private var isInitialized = false
    private(set) var count = 0
    /// Entries that are no calls, each before the call at `place`.
    private(set) var others: [(place: Int, entry: LogEntry)] = []
    private(set) var status: Status
    /// The log ends with it.
    private(set) var isLast = false
    /// `EntrySource.isNearSnapshot` of any of its calls.
    private(set) var isNearSnapshot = false

    init(_ status: Status) { self.status = status }

    deinit {
        calls.deallocate()
        addresses.deallocate()
    }

    subscript(index: Int) -> Call {
        @inline(__always) unsafeAddress {
            precondition(index >= 0 && index < count)
            return UnsafePointer(calls + index)
        }
    }

    /// Where a call works; 0 behind the last.
    @inline(__always)
    func address(_ index: Int) -> UInt64 { index >= 0 && index < count ? addresses[index] : 0 }

    /// Fetches a call into the cache.
    @inline(__always)
    func prefetch(_ index: Int) {
        if index < 0 || index >= count { return }
        let memory = UnsafeRawPointer(calls + index)
        mapfray_prefetch(memory)
        mapfray_prefetch(memory + 64)
    }

    private func initialize() {
        if isInitialized { return }
        calls.initialize(repeating: Call(kind: .mmap), count: Self.capacity)
        addresses.initialize(repeating: 0, count: Self.capacity)
        isInitialized = true
    }

    /// Takes what the reader gives next, at most as much as there is room for. A snapshot ends it, for it may be large.
    func fill(from reader: inout LogReader, known: inout Definitions.Extent) {
        initialize()
        (count, isLast, isNearSnapshot) = (0, false, false)
        others.removeAll(keepingCapacity: true)
        while count < Self.capacity {
            if reader.nextCall(&calls[count]) {
                addresses[count] = calls[count].workplace
                count &+= 1
                if reader.isNearSnapshot { isNearSnapshot = true }
            } else if !take(reader.next()) {
                break
            }
        }
        status = Status(reader, since: known)
        known = reader.definitions.extent
    }

    /// Whether there is room for more.
    private func take(_ entry: LogEntry?) -> Bool {
        switch entry {
        case nil:
            isLast = true
            return false
        case .call(let call):
            (calls[count], addresses[count]) = (call, call.workplace)
            count &+= 1
            isNearSnapshot = true
            return true
        case .some(let other):
            others.append((count, other))
            if case .snapshot = other { return false }
            return others.count < Self.capacity
        }
    }
}

extension Batch.Status {
    init(_ reader: borrowing LogReader, since known: Definitions.Extent) {
        facts = reader.facts
        fraction = reader.fraction
        lostRecords = reader.lostRecords
        damageText = reader.damageText
        undecidedOrders = reader.undecidedOrders
        additions = reader.definitions.additions(since: known)
    }
}

/// The reader at work, and the batches that go round between it and the replay.
///
/// Of each batch either the reader or the replay has hold; the semaphores hand them over.
private final class Reading: @unchecked Sendable {
    private static let batches = 32

    private var reader: LogReader
    private var known: Definitions.Extent
    /// Batches in the order in which they are filled; the replay's places and the reader's come around in turn.
    private var ring: [Batch] = []
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let isStopped = Atomic(false)
    private var taken = 0
    /// Batches that the reader may have back: several at a time, for it sleeps until then, and to wake it is dear.
    private var usedUp = 0

    init(_ reader: consuming LogReader) {
        known = reader.definitions.extent
        self.reader = reader
    }

    /// Starts the reading, and returns the first two batches; the second is the first again if the log ends with that.
    func begin() -> (Batch, Batch) {
        for _ in 0..<Self.batches { ring.append(Batch(Batch.Status(reader, since: known))) }
        for _ in 0..<Self.batches { free.signal() }
        DispatchQueue(label: "mapfray.reading").async { self.read() }
        filled.wait()
        return (ring[0], behind(ring[0]))
    }

    /// Gives a batch back that is used up; the one that followed it, and the next.
    func exchange(_ batch: Batch, _ following: Batch) -> (Batch, Batch) {
        usedUp += 1
        if usedUp == Self.batches / 2 {
            for _ in 0..<usedUp { free.signal() }
            usedUp = 0
        }
        return (following, behind(following))
    }

    /// The batch that follows the latest taken.
    private func behind(_ batch: Batch) -> Batch {
        if batch.isLast { return batch }
        filled.wait()
        taken = (taken + 1) % Self.batches
        return ring[taken]
    }

    /// Ends the reading, wherever it is.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        free.signal()
        ended.wait()
    }

    private func read() {
        var place = 0
        var isLast = false
        while !isLast {
            free.wait()
            if isStopped.load(ordering: .relaxed) { break }
            ring[place].fill(from: &reader, known: &known)
            isLast = ring[place].isLast
            place = (place + 1) % Self.batches
            filled.signal()
        }
        ended.signal()
    }
}

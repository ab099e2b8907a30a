import CPrefetch
import TraceLog

/// Entries on their way from the reader to the replay.
///
/// Handles its memory by hand, for an array would be checked for a second owner at every call: every index is compared
/// with the count or the capacity.
final class EntryBatch {
    /// Calls: enough to make the handing over cheap.
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
        /// Where that is, if it was asked for.
        var place: ReadingPlace?
    }

    /// Calls by which `prefetch` may go over the end: to compare costs more than to fetch what is of no use.
    static let margin = 64

    private let calls = UnsafeMutablePointer<Call>.allocate(capacity: capacity + margin)
    /// Where each call works, apart from them: a replay looks at these long before the calls.
    private let addresses = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity + 2 * margin)
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
    /// Whether any of its calls is a brk, or the tracer's own.
    private var hasSpecial = false
    /// The latest instant in its calls, CLOCK_MONOTONIC nanoseconds, and the highest number of a file.
    private var latest: UInt64 = 0
    private var highestFile: UInt32 = 0

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

    /// Fetches the call into the cache that comes `margin` calls behind another, and of the addresses those that are needed
    /// then.
    @inline(__always)
    func prefetch(behind index: Int) {
        let memory = UnsafeRawPointer(calls + index + Self.margin)
        mapfray_prefetch(memory)
        mapfray_prefetch(memory + 64)
        mapfray_prefetch(addresses + index + 2 * Self.margin)
    }

    /// Whether all calls are such as `EntrySource.plainCalls` counts.
    func isPlain(endingBy time: UInt64, files: Int) -> Bool {
        !isNearSnapshot && !hasSpecial && latest <= time && Int(highestFile) < files
    }

    /// Takes note of a call put in at the end.
    @inline(__always)
    private func note(_ call: Call) {
        addresses[count] = call.workplace
        if CallReach.remembers(call.kind) || call.flags.contains(.inTracer) { hasSpecial = true }
        latest = max(latest, call.begin, call.end)
        highestFile = max(highestFile, call.file.rawValue)
        count &+= 1
    }

    private func initialize() {
        if isInitialized { return }
        calls.initialize(repeating: Call(kind: .mmap), count: Self.capacity)
        addresses.initialize(repeating: 0, count: Self.capacity)
        isInitialized = true
    }

    /// Takes what the reader gives next, at most as much as there is room for. A snapshot ends it, for it may be large.
    func fill(from reader: inout LogReader, known: inout Definitions.Extent, places: inout ReadingPlaces?) {
        initialize()
        (count, isLast, isNearSnapshot) = (0, false, false)
        (hasSpecial, latest, highestFile) = (false, 0, 0)
        others.removeAll(keepingCapacity: true)
        while count < Self.capacity {
            if reader.nextCall(&calls[count]) {
                note(calls[count])
                if reader.isNearSnapshot { isNearSnapshot = true }
            } else if !take(reader.next()) {
                break
            }
        }
        status = Status(reader, since: known)
        status.place = places?.place(of: &reader)
        known = reader.definitions.extent
    }

    /// Whether there is room for more.
    private func take(_ entry: LogEntry?) -> Bool {
        switch entry {
        case nil:
            isLast = true
            return false
        case .call(let call):
            calls[count] = call
            note(call)
            isNearSnapshot = true
            return true
        case .some(let other):
            others.append((count, other))
            if case .snapshot = other { return false }
            return others.count < Self.capacity
        }
    }
}

extension EntryBatch.Status {
    init(_ reader: borrowing LogReader, since known: Definitions.Extent) {
        facts = reader.facts
        fraction = reader.fraction
        lostRecords = reader.lostRecords
        damageText = reader.damageText
        undecidedOrders = reader.undecidedOrders
        additions = reader.definitions.additions(since: known)
    }
}

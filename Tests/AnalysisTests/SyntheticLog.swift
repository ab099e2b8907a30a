import AddressSpace
import Analysis
import TraceLog

/// A log written by hand: a start snapshot, then calls a fixed time apart.
struct SyntheticLog: EntrySource {
    var facts = ProcessFacts()
    var definitions = Definitions()
    var fraction: Double { Double(position) / Double(max(entries.count, 1)) }
    var lostRecords = 0
    var damageText: [String] = []
    private(set) var entries: [LogEntry] = []
    private var position = 0
    /// Entries up to the last snapshot.
    private var snapshotsEnd = 0
    /// As a reader has it: of those it has not given out.
    var isNearSnapshot: Bool { position < snapshotsEnd }

    static let page: UInt64 = 4096
    static let start: UInt64 = 1_000_000_000
    /// CLOCK_MONOTONIC nanoseconds of the next call.
    var now = SyntheticLog.start
    /// Nanoseconds between calls.
    var pace: UInt64 = 1_000_000
    private var nextAddress: UInt64 = 0x7000_0000_0000

    /// - Parameter vmas: how many the process has at the start; the first is the tracer's.
    init(vmas: Int = 10, ownsFirst: Bool = true, maxMapCount: UInt64 = 65530) {
        facts.process = 4711
        facts.command = ["program"]
        facts.kernelRelease = "6.18.44"
        facts.startTime = Self.start
        let list = (0..<vmas).map { index in
            let start = 0x40_0000 + UInt64(index) * 0x10_0000
            return Snapshot.VMA(start: start, end: start + 4 * Self.page, flags: 1)
        }
        if ownsFirst { facts.ownRanges = [list[0].start..<list[0].end] }
        add(snapshot: list, reason: .start)
        limits { $0.maxMapCount = maxMapCount }
    }

    mutating func next() -> LogEntry? {
        guard position < entries.count else { return nil }
        defer { position += 1 }
        return entries[position]
    }

    mutating func add(snapshot vmas: [Snapshot.VMA], reason: Snapshot.Reason) {
        let snapshot = Snapshot(
            number: 1, reason: reason, begin: now, end: now + 1000, thread: 1, hasFlags: false,
            hasVsyscall: true,
            vmas: vmas)
        entries.append(.snapshot(snapshot))
        now += pace
        snapshotsEnd = entries.count
    }

    mutating func add(_ call: Call) { entries.append(.call(call)) }

    mutating func limits(_ set: (inout Limits) -> Void) {
        var limits = Limits()
        limits.time = now
        set(&limits)
        entries.append(.limits(limits))
    }

    /// A backtrace through one module per name, innermost first.
    mutating func stack(_ modules: String..., offset: UInt64 = 0x10) -> StackID {
        let frames = modules.map { path in
            let module = definitions.add(
                module: Module(range: 0x1000..<0x9000, bias: 0x1000, buildID: [], path: "/no/such/" + path))
            return Frame(runtimeAddress: 0x1000 + offset, module: module)
        }
        return definitions.add(stack: frames, isCut: false)
    }

    mutating func call(
        _ kind: CallKind, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0, _ e: UInt64 = 0,
        _ f: UInt64 = 0, result: UInt64 = 0, error: UInt16 = 0, stack: StackID
    ) {
        entries.append(
            .call(
                Call(
                    kind: kind, arguments: (a, b, c, d, e, f), result: result, error: error, begin: now,
                    end: now + 100, thread: 1, stack: stack)))
        now += pace
    }

    /// Maps anonymous memory that touches no other mapping.
    @discardableResult
    mutating func map(pages: UInt64 = 1, protection: UInt64 = 3, flags: UInt64 = 0x22, stack: StackID)
        -> UInt64
    {
        let address = nextAddress
        nextAddress += (pages + 1) * Self.page
        call(.mmap, 0, pages * Self.page, protection, flags, .max, 0, result: address, stack: stack)
        return address
    }

    mutating func unmap(_ address: UInt64, pages: UInt64 = 1, stack: StackID) {
        call(.munmap, address, pages * Self.page, stack: stack)
    }

    mutating func protect(
        _ address: UInt64, pages: UInt64 = 1, _ protection: UInt64, error: UInt16 = 0, stack: StackID
    ) {
        call(.mprotect, address, pages * Self.page, protection, error: error, stack: stack)
    }

    func investigated(_ options: InvestigationOptions = InvestigationOptions(symbols: nil)) -> Investigation {
        var log = self
        return Investigation.run(&log, options: options)
    }
}

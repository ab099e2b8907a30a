package import AddressSpace
package import TraceLog

/// One pass over a log that drives one address space; observers learn from it, nobody reads the log again.
package struct Replay: ~Copyable {
    /// The map as the log has brought it so far.
    package private(set) var space: AddressSpace
    private let until: UInt64
    /// Calls that had begun by then and not ended.
    private var openCalls = 0
    /// When the first call after that began.
    private var nextCall = UInt64.max
    private var inFlight: CallsInFlight
    private var knownFiles = 0
    /// Whether a snapshot has loaded the map.
    private var hasList = false
    /// The latest instant among what was applied, CLOCK_MONOTONIC nanoseconds.
    private(set) var latest: UInt64 = 0
    /// The call applied last, if all that was read is applied.
    private(set) var mark: CallMark?
    private var hasSkipped = false
    /// Entries read ahead of a snapshot, to see which calls were in flight when it ended.
    private var ahead: [LogEntry] = []
    private var aheadPosition = 0

    /// Whether entries were read that are not yet applied.
    var hasReadAhead: Bool { aheadPosition < ahead.count }

    /// Entries that a snapshot looks ahead for calls that began before it ended. Calls follow it in the log in the
    /// order of their ends, and no process has more calls in flight than threads that run. More of them only where
    /// there is a difference, and the calls of some follow each other so fast that these are over before another
    /// thread, which waits for a processor amidst its call, may have got one.
    private static let lookAhead = 8192
    private static let mostAhead = 1 << 16
    /// Nanoseconds that a thread may wait for a processor where there are several threads to each.
    private static let longestWait: UInt64 = 200_000_000

    /// Nanoseconds after which a call has changed the map although it has not returned: the kernel changes it first,
    /// and what takes longer is pages (Linux mm/vma.c, mm/mlock.c), or a process that is stopped or not running, mostly
    /// on the way back.
    private static let untilChanged: UInt64 = 10_000

    /// - Parameter until: the last instant to apply, CLOCK_MONOTONIC nanoseconds.
    package init(facts: ProcessFacts, until: UInt64? = nil) {
        space = AddressSpace(pageSize: facts.pageSize, rules: KernelRules(facts))
        inFlight = CallsInFlight(pageSize: facts.pageSize)
        self.until = until ?? .max
    }

    /// Goes on from a checkpoint: the map, and the call applied last.
    init(facts: ProcessFacts, until: UInt64?, space: consuming AddressSpace, latest: UInt64, mark: CallMark) {
        inFlight = CallsInFlight(pageSize: facts.pageSize, lastBreak: space.programBreak.current)
        self.space = space
        self.until = until ?? .max
        self.latest = latest
        self.mark = mark
        hasList = true
    }

    /// Passes over the entries before those to come, which are part of the map already; false if the last of
    /// them does not come.
    mutating func catchUp<Source: EntrySource & ~Copyable>(_ source: inout Source) -> Bool {
        learn(source.definitions)
        for _ in 0..<1 << 20 {
            guard let entry = source.next() else { return false }
            guard case .call(let call) = entry else { continue }
            inFlight.note(call)
            if CallMark(call) == mark { return true }
        }
        return false
    }

    /// Begins with what a forked child got from its parent, in place of an empty map.
    package mutating func inherit(_ parent: consuming AddressSpace) { space = parent }

    /// Entries among which a call is looked for that began earlier than those before it, and took longer.
    package static let longestOverlap = 1 << 14

    /// Whether no call was under way at the replay's last instant, nor began from then to `end`: in between the map
    /// stood. Reads on in `source`, for calls come in the order in which they ended.
    package mutating func isSettled<Source: EntrySource & ~Copyable>(
        to end: UInt64, in source: inout Source
    ) -> Bool {
        guard openCalls == 0 && nextCall > end else { return false }
        for _ in 0..<Self.longestOverlap {
            guard let entry = next(&source) else { return true }
            if case .call(let call) = entry, call.begin <= end { return false }
        }
        return true
    }

    /// The map at an instant, or at the end.
    package static func map<Source: EntrySource & ~Copyable>(
        of source: inout Source, at until: UInt64? = nil
    ) -> AddressSpace {
        var replay = Replay(facts: source.facts, until: until)
        var observer = NoObserver()
        replay.run(&source, &observer)
        return replay.taken()
    }

    /// Reads the source to its end, or to the instant asked for.
    /// - Parameters:
    ///   - most: entries to take at most.
    ///   - progress: called about every 65,536 entries with the fraction read, 0 to 1.
    /// - Returns: whether it stopped for `most`.
    @discardableResult
    package mutating func run<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ source: inout Source, _ observer: inout Observer, atMost most: Int = .max,
        progress: ((Double) -> Void)? = nil
    ) -> Bool {
        var pace = ProgressPace()
        var call = Call(kind: .mmap)
        while true {
            let count = proceed(&source, &observer, &call, atMost: most &- pace.entries)
            if count == 0 { break }
            let isDue = pace.isDue(after: count)
            if pace.entries >= most { return true }
            if isDue { progress?(source.fraction) }
        }
        progress?(1)
        return false
    }

    /// Applies what comes next, several calls where none needs to be looked at by itself; how many entries, 0 at the end
    /// or at the instant asked for.
    /// - Parameter call: room for a call, to be given each time.
    @inline(__always)
    mutating func proceed<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ source: inout Source, _ observer: inout Observer, _ call: inout Call, atMost most: Int
    ) -> Int {
        let plain = stepPlainly(&source, &observer, atMost: most)
        if plain > 0 { return plain }
        return step(&source, &observer, &call) ? 1 : 0
    }

    /// Applies the next calls as far as none needs to be looked at one by one, and returns how many.
    private mutating func stepPlainly<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ source: inout Source, _ observer: inout Observer, atMost most: Int
    ) -> Int {
        guard hasList, !hasReadAhead else { return 0 }
        let plain = min(source.plainCalls(endingBy: until, files: knownFiles), most)
        guard plain > 0 else { return 0 }
        // Its own: one that came from outside would be copied once more for every call.
        var call = Call(kind: .mmap)
        var count = 0
        while count < plain, source.nextCall(&call) {
            applyAlone(call, &source, &observer)
            count &+= 1
        }
        if count > 0 { mark = openCalls == 0 && !hasSkipped ? CallMark(call) : nil }
        return count
    }

    /// Applies the next entry; false at the end or at the instant asked for.
    /// - Parameter call: room for a call, to be given each time.
    @inline(__always)
    mutating func step<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ source: inout Source, _ observer: inout Observer, _ call: inout Call
    ) -> Bool {
        if aheadPosition == ahead.count, source.nextCall(&call) { return take(call, &source, &observer) }
        guard let entry = next(&source) else { return false }
        return take(entry, &source, &observer)
    }

    private consuming func taken() -> AddressSpace { space }

    private mutating func next<Source: EntrySource & ~Copyable>(_ source: inout Source) -> LogEntry? {
        guard aheadPosition < ahead.count else { return source.next() }
        defer { aheadPosition += 1 }
        return ahead[aheadPosition]
    }

    /// Returns whether to go on.
    private mutating func take<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ entry: LogEntry, _ source: inout Source, _ observer: inout Observer
    ) -> Bool {
        mark = nil
        switch entry {
        case .call(let call): return take(call, &source, &observer)
        case .folded(let part, let time):
            guard time <= until else { return false }
            resume(part, &observer)
            latest = max(latest, time)
        case .observed(let range, let unsettled, let time):
            if time <= until { reconcile(range, unsettled, &observer) }
        case .grown(let ranges, let time):
            if time <= until { for range in ranges { space.noteGrowth(range) } }
        case .snapshot(let snapshot):
            guard snapshot.end <= until else {
                hasSkipped = true
                return snapshot.begin <= until
            }
            adopt(snapshot, &source, &observer)
            latest = max(latest, snapshot.end)
        case .limits(let limits):
            space.maxMapCount = limits.maxMapCount.map { Int(clamping: $0) } ?? space.maxMapCount
            observer.noticed(entry, in: space)
        default:
            observer.noticed(entry, in: space)
        }
        return true
    }

    /// Takes up what older records told, which are gone.
    private mutating func resume<Observer: ReplayObserver>(_ part: FoldedPart, _ observer: inout Observer) {
        guard let summary = FoldedSummary(part), let space = summary.space(space.rules) else { return }
        self.space = space
        hasList = true
        inFlight = CallsInFlight(pageSize: self.space.pageSize, lastBreak: self.space.programBreak.current)
        observer.resumed(summary, in: self.space)
    }

    @inline(__always)
    private mutating func take<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ call: Call, _ source: inout Source, _ observer: inout Observer
    ) -> Bool {
        guard call.begin <= until else {
            mark = nil
            nextCall = call.begin
            return false
        }
        if isToApply(call) { apply(call, &source, &observer) } else { mark = nil }
        return true
    }

    /// Whether a call that had begun in time is not in the map already and has changed it.
    @inline(__always)
    private mutating func isToApply(_ call: Call) -> Bool {
        // What the tracer does before its first list is in that list.
        if !hasList && call.flags.contains(.inTracer) { return false }
        guard call.end > until else { return true }
        openCalls += 1
        return until - call.begin >= Self.untilChanged
    }

    @inline(__always)
    private mutating func apply<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ call: Call, _ source: inout Source, _ observer: inout Observer
    ) {
        if Int(call.file.rawValue) >= knownFiles { learn(source.definitions) }
        applyAlone(call, &source, &observer)
        // What was read ahead may hold a snapshot that the source has given out already.
        if hasReadAhead || source.isNearSnapshot || CallReach.remembers(call.kind) { inFlight.note(call) }
        mark = aheadPosition == ahead.count && openCalls == 0 && !hasSkipped ? CallMark(call) : nil
    }

    @inline(__always)
    private mutating func applyAlone<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ call: Call, _ source: inout Source, _ observer: inout Observer
    ) {
        let before = space.count
        observer.willApply(call, in: space)
        space.apply(call)
        space.foresee(source.address(ahead: AddressSpace.foresight &- 1))
        observer.applied(call, countBefore: before, in: space)
        latest = max(latest, min(call.end, until))
    }

    private mutating func reconcile<Observer: ReplayObserver>(
        _ range: Range<UInt64>, _ unsettled: [Range<UInt64>], _ observer: inout Observer
    ) {
        space.reconcile(range, unsettled: unsettled)
        if !space.changes.isEmpty { observer.reconciled(in: space) }
    }

    private mutating func adopt<Source: EntrySource & ~Copyable, Observer: ReplayObserver>(
        _ snapshot: Snapshot, _ source: inout Source, _ observer: inout Observer
    ) {
        readAhead(&source)
        learn(source.definitions)
        var unsettled = unsettled(around: snapshot)
        if mayShowMore(until: snapshot.end &+ Self.longestWait),
            !space.agrees(with: snapshot, unsettled: unsettled)
        {
            readAhead(&source, until: snapshot.end &+ Self.longestWait)
            learn(source.definitions)
            unsettled = self.unsettled(around: snapshot)
        }
        if snapshot.reason == .settle, hasList {
            for vma in snapshot.vmas where !unsettled.contains(where: { $0.overlaps(vma.start..<vma.end) }) {
                reconcile(vma.start..<vma.end, [], &observer)
            }
            return
        }
        hasList = true
        let comparison = space.adopt(snapshot, unsettled: unsettled)
        observer.adopted(snapshot, comparison, in: space)
    }

    private mutating func learn(_ definitions: Definitions) {
        space.learn(definitions)
        knownFiles = definitions.files.count
    }

    /// Where calls that had not been written down by a snapshot may have changed the map, by what was read ahead.
    private func unsettled(around snapshot: Snapshot) -> [Range<UInt64>] {
        let later = ahead[aheadPosition...].compactMap { entry in
            if case .call(let call) = entry { call } else { nil as Call? }
        }
        return inFlight.unsettled(around: snapshot, later: later)
    }

    private mutating func readAhead<Source: EntrySource & ~Copyable>(_ source: inout Source) {
        ahead.removeFirst(aheadPosition)
        aheadPosition = 0
        while ahead.count < Self.lookAhead, let entry = source.next() { ahead.append(entry) }
    }

    private mutating func readAhead<Source: EntrySource & ~Copyable>(
        _ source: inout Source, until time: UInt64
    ) {
        while mayShowMore(until: time), let entry = source.next() { ahead.append(entry) }
    }

    /// Whether a call that ended by that time may stand behind what was read ahead.
    private func mayShowMore(until time: UInt64) -> Bool {
        guard (Self.lookAhead..<Self.mostAhead).contains(ahead.count) else { return false }
        return if case .call(let call) = ahead.last { call.end <= time } else { true }
    }
}

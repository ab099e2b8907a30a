import TraceFormat

/// Reads one process's log from front to back: validates, restores the kernel's order, notes damage and loss.
package struct LogReader: ~Copyable {
    /// Whether the tracer saw the orderly end of the process.
    package enum State: Sendable {
        /// Still recording, or killed.
        case recording
        case exited
    }

    /// Makes it a type that is only passed by address: else every call that borrows it copies all of it to the stack
    /// (Swift 6.3).
    private let isPassedByAddress: (any Sendable)? = nil

    var cursor: RecordCursor
    var table: DefinitionTable
    var snapshots = SnapshotAssembly()
    var sequencer: CallSequencer
    /// Where it was, if it is asked to remember.
    var trail: ReadingTrail?
    /// By the sequencer's slot: keys of a call that were not defined when it was read.
    private var unresolved: [Int32: (stack: UInt64, file: UInt64)] = [:]
    /// What such calls name that is defined by now.
    var resolvedFiles: [FileID] { unresolved.values.compactMap { table.file($0.file) } }
    /// Entries to be given out before all others, last first.
    var leading: [LogEntry] = []
    /// Flight recorder: the snapshot that the replay begins with.
    private var anchor: (number: UInt64, begin: UInt64, reason: Snapshot.Reason)?
    /// Nothing more can be read; of a log that is followed: in this round.
    var isAtEnd = false
    /// Flight recorder that is followed: how far its definitions were read.
    var definitionsEnd: UInt64 = 0
    /// Flight recorder that is followed: what its definitions wait for.
    var definitionsState = Following()
    /// Of a log that is followed: entries that ended later are held back; CLOCK_MONOTONIC nanoseconds.
    var settledTime = UInt64.max
    /// When the latest entry given out had ended.
    var latestTime: UInt64 = 0
    /// What was read and not yet given out; nil: not remembered.
    var pending: PendingEntries?
    /// Of a log whose older part was folded up: records before this position are passed over, but for the pending.
    var resumeEnd: UInt64 = 0
    var resumePending: Set<UInt64> = []
    /// Whether a checkpoint stands in for older records.
    package internal(set) var isFolded = false
    /// Calls that were written so late that others had been given out before them; counted while following.
    package private(set) var lateCalls = 0

    /// Header, process description and the tracer's own ranges.
    package internal(set) var facts: ProcessFacts
    /// Calls that name a backtrace the log does not define.
    package internal(set) var undefinedStacks = 0
    /// Snapshots whose records are not all in the log.
    package internal(set) var incompleteSnapshots = 0
    /// Pairs of calls read so far that ran at once over the same addresses, and of which nothing tells which came first.
    package var undecidedOrders: Int { sequencer.undecided }

    /// Opens the log and reads its header and who was traced.
    package init(path: String) throws(LogError) {
        try self.init(path, DefinitionTable())
    }

    /// Opens the log of a forked child, so that what it inherits from its parent keeps its names.
    package init(path: String, inheritingFrom parent: borrowing LogReader) throws(LogError) {
        try self.init(path, parent.table)
    }

    private init(_ path: String, _ definitions: DefinitionTable) throws(LogError) {
        table = definitions
        let source = try LogSource(path: path)
        let header = try LogHeader(of: source)
        facts = ProcessFacts(header)
        sequencer = CallSequencer(pageSize: facts.pageSize)
        cursor = RecordCursor(source: source, header: header)
        prepare()
    }

    /// Whether the log goes back to the beginning of the process, where its map is its parent's: no checkpoint stands in
    /// for that, and no flight recorder has overwritten it.
    package var goesBackToBeginning: Bool {
        !isFolded && (!facts.isFlightRecorder || anchor?.reason == .fork)
    }

    /// Grows while the log is read.
    package var definitions: Definitions { table.definitions }
    /// The first of what could not be read; `damageCount` counts all.
    package var damage: [Damage] { cursor.report.list }
    package var damageCount: Int { cursor.report.count }
    /// Records that the tracer could not write.
    package var lost: UInt64 { cursor.header.lost }
    /// Records that were begun but not finished when the process ended: no damage.
    package var unfinished: Int { cursor.report.unfinished }
    package var state: State {
        cursor.header.state == UInt64(MF_STATE_EXITED.rawValue) ? .exited : .recording
    }
    /// Why the log could not grow any more (an errno), 0 if it could.
    package var spillErrno: Int32 { Int32(truncatingIfNeeded: cursor.header.spillErrno) }
    /// How much of the log has been read, 0 to 1.
    package var fraction: Double { isAtEnd ? 1 : cursor.fraction }

    /// The next entry in the order in which the kernel did it, nil at the end.
    package mutating func next() -> LogEntry? {
        if let entry = leading.popLast() { return entry }
        while !sequencer.isFull && !isAtEnd { read() }
        if isFollowing && !mayGive() { return nil }
        guard let (popped, slot) = sequencer.pop() else { return nil }
        pending?.remove(slot)
        let entry = slot >= 0 ? settled(popped) : popped
        return unresolved.isEmpty ? entry : resolve(entry, slot: slot)
    }

    /// Where other threads' calls may have gone into what the kernel was asked after a call, the answer follows it apart.
    @inline(__always)
    private mutating func settled(_ entry: LogEntry) -> LogEntry {
        guard case .call(var call) = entry, call.flags.contains(.hasObservation) else { return entry }
        settle(&call)
        return .call(call)
    }

    private mutating func settle(_ call: inout Call) {
        let unsettled = sequencer.unsettled(atObservationOf: call)
        guard !unsettled.isEmpty, call.observedStart < call.observedEnd else { return }
        call.flags.remove(.hasObservation)
        leading.append(
            .observed(call.observedStart..<call.observedEnd, unsettled: unsettled, time: call.observedTime))
    }

    /// Takes the next entry if it is a call; false, and nothing taken, if it is something else or there is none.
    @inline(__always)
    package mutating func nextCall(_ call: inout Call) -> Bool {
        if !leading.isEmpty || isFollowing { return false }
        while !sequencer.isFull && !isAtEnd { read() }
        guard let slot = sequencer.popCall(&call) else { return false }
        if call.flags.contains(.hasObservation) { settle(&call) }
        if !unresolved.isEmpty { resolve(&call, slot: slot) }
        return true
    }

    /// Where the call works that is `distance` entries behind the next one; 0 if that is not known.
    @inline(__always)
    package func address(ahead distance: Int) -> UInt64 { sequencer.address(ahead: distance) }

    /// Whether a snapshot has begun, or ended, that was not given out yet. It is read long before, for entries are held
    /// back; so calls of which none may have been under way when a snapshot began need not be remembered for one.
    @inline(__always)
    package var isNearSnapshot: Bool { snapshots.openCount > 0 || sequencer.otherCount > 0 }

    private mutating func read() {
        guard let record = cursor.next() else { return finish() }
        read(record)
    }

    mutating func read(_ record: Record) {
        if record.position < resumeEnd && isFolded(record) { return }
        if trail?.isDue() == true, snapshots.openCount == 0 { notePlace(record) }
        if record.kind == UInt8(MF_CALL.rawValue) { return readCall(record) }
        if record.isDefinition { trail?.define(record) }
        if !readOther(record) { noteContent(record) }
    }

    /// A place to resume at: before the record, of which nothing is known yet.
    private mutating func notePlace(_ record: Record) {
        guard var trail else { return }
        trail.note(point(at: record.position, definitionBytes: trail.definitionEnd))
        self.trail = trail
    }

    private mutating func finish() {
        isAtEnd = true
        if isFollowing { return }
        incompleteSnapshots += snapshots.openCount + snapshots.dropped
    }

    /// Whether the entry that comes first may be given out although the log goes on.
    private mutating func mayGive() -> Bool {
        guard let (latest, isOther) = sequencer.first else { return false }
        // A snapshot waits twice as long: whoever adopts it must see the calls that were in flight meanwhile.
        let grace = isOther ? Self.grace : 0
        guard sequencer.isFull || latest <= settledTime.subtractingClamping(grace) else { return false }
        latestTime = max(latestTime, latest)
        return true
    }

    private mutating func noteContent(_ record: Record) {
        cursor.note(
            .content, at: record.position, bytes: UInt64(record.size),
            "A record of kind \(record.kind) is intact, but its content makes no sense; it was passed over.")
    }
}

// MARK: - Calls

extension LogReader {
    @inline(__always)
    private mutating func readCall(_ record: Record) {
        guard let raw = CallDecoder(record, into: &sequencer.vacant) else { return noteContent(record) }
        let end = sequencer.vacant.end
        if let anchor, end < anchor.begin { return }
        let (stack, file) = (table.stack(raw.stack), table.file(raw.file))
        sequencer.vacant.stack = stack ?? .none
        sequencer.vacant.file = file ?? .none
        if end < latestTime { lateCalls += 1 }
        sequencer.insertVacant()
        pending?.calls[sequencer.latestSlot] = (record.position, end)
        if stack == nil || file == nil { unresolved[sequencer.latestSlot] = (raw.stack, raw.file) }
        if !raw.further.isEmpty { lineUp(raw, record, behind: end) }
    }

    /// What the kernel was asked after a call comes right behind it; the line may be longer by these than it should be.
    private mutating func lineUp(_ raw: CallDecoder, _ record: Record, behind time: UInt64) {
        let (observations, asked) = (raw.furtherObservations(record), raw.furtherTime(record))
        for range in observations {
            sequencer.insert(.observed(range, time: time), time: time, asked: asked)
            pending?.others[sequencer.latestSlot] = .withCall(end: time)
        }
    }

    /// Another thread may have written its call before the definition that it relies on was in the stream.
    private mutating func resolve(_ entry: LogEntry, slot: Int32) -> LogEntry {
        guard case .call(var call) = entry else { return entry }
        resolve(&call, slot: slot)
        return .call(call)
    }

    private mutating func resolve(_ call: inout Call, slot: Int32) {
        guard let keys = unresolved.removeValue(forKey: slot) else { return }
        let stack = table.stack(keys.stack)
        if stack == nil { undefinedStacks += 1 }
        call.stack = stack ?? .none
        call.file = table.file(keys.file) ?? .none
    }
}

// MARK: - Everything else; each function answers whether the content makes sense

extension LogReader {
    private mutating func readOther(_ record: Record) -> Bool {
        switch mf_kind(UInt32(record.kind)) {
        case MF_STACK: table.defineStack(record)
        case MF_FILE: table.defineFile(record)
        case MF_MODULE: table.defineModule(record)
        case MF_PROCESS: facts.setProcess(record)
        case MF_RULES: facts.setRules(record)
        case MF_OWN_RANGES: facts.setOwnRanges(record)
        case MF_SNAPSHOT_BEGIN, MF_SNAPSHOT_VMAS, MF_SNAPSHOT_END: readSnapshot(record)
        case MF_LIMITS: Limits(record).map { insert(.limits($0), time: $0.time, [record.position]) } != nil
        case MF_NOTE: readNote(record)
        case MF_CHILD: insert(LogEntry(child: record), record)
        case MF_GROWTH: readGrowth(record)
        case MF_PROCESS_END: insert(LogEntry(end: record), record)
        default: skip()
        }
    }

    /// A record of a kind, or a note, that came with a later version of the format; no damage.
    private mutating func skip() -> Bool {
        facts.skipped += 1
        return true
    }

    private mutating func readNote(_ record: Record) -> Bool {
        guard Note.Code(rawValue: record.detail) != nil else { return skip() }
        guard let note = Note(record) else { return false }
        insert(.note(note), time: note.time, [record.position])
        return true
    }

    private mutating func readGrowth(_ record: Record) -> Bool {
        guard let entry = LogEntry(growth: record), case .grown(_, let time) = entry else { return false }
        insert(entry, time: time, [record.position])
        return true
    }

    private mutating func insert(_ entry: LogEntry?, _ record: Record) -> Bool {
        switch entry {
        case .child(_, let time, _)?, .childExecutes(_, let time)?, .end(_, let time)?:
            insert(entry, time: time, [record.position])
        default: return false
        }
        return true
    }

    /// - Parameter records: positions of what tells of it.
    private mutating func insert(_ entry: LogEntry?, time: UInt64, _ records: [UInt64]) {
        guard let entry, time >= anchor?.begin ?? 0 else { return }
        sequencer.insert(entry, time: time)
        pending?.others[sequencer.latestSlot] = .records(records)
    }

    private mutating func readSnapshot(_ record: Record) -> Bool {
        do throws(SnapshotAssembly.Failure) {
            switch mf_kind(UInt32(record.kind)) {
            case MF_SNAPSHOT_BEGIN: try snapshots.begin(record)
            case MF_SNAPSHOT_VMAS: try snapshots.add(record)
            default: try endSnapshot(record)
            }
        } catch {
            return note(error, record)
        }
        return true
    }

    private mutating func endSnapshot(_ record: Record) throws(SnapshotAssembly.Failure) {
        let (snapshot, records) = try snapshots.end(record, files: table)
        if snapshot.number == anchor?.number { return }
        insert(.snapshot(snapshot), time: snapshot.end, records)
    }

    private mutating func note(_ failure: SnapshotAssembly.Failure, _ record: Record) -> Bool {
        switch failure {
        case .malformed: return false
        case .beginningMissing: incompleteSnapshots += 1
        case .incomplete(let found, let expected):
            incompleteSnapshots += 1
            cursor.note(
                .content, at: record.position, bytes: 0,
                "A snapshot lists \(found) VMAs and counts \(expected): it was left out.")
        }
        return true
    }
}

// MARK: - Before the first entry

extension LogReader {
    /// Records among which the description of the process is expected.
    private static let earlyRecords = 4096

    private mutating func prepare() {
        if resume() { return }
        if facts.isFlightRecorder { prepareFlightRecorder() } else { peek() }
        cursor.restart()
        noteMissingCheckpoint()
    }

    /// Reads ahead for who was traced; the main pass reads the same records again.
    private mutating func peek() {
        cursor.restart()
        var (hasProcess, hasRanges) = (false, false)
        for _ in 0..<Self.earlyRecords {
            guard !(hasProcess && hasRanges), let record = cursor.next() else { break }
            if record.kind == UInt8(MF_PROCESS.rawValue) { hasProcess = facts.setProcess(record) }
            if record.kind == UInt8(MF_RULES.rawValue) { _ = facts.setRules(record) }
            if record.kind == UInt8(MF_OWN_RANGES.rawValue) { hasRanges = facts.setOwnRanges(record) }
        }
        cursor.forgetReport()
    }

    /// Reads all definitions, then looks for the first complete snapshot that is left in the ring.
    private mutating func prepareFlightRecorder() {
        cursor.restart(definitions: true)
        readDefinitions()
        while sequencer.count > 0 { lead() }
        leading.reverse()
        let definitions = cursor.report
        findAnchor()
        cursor.report = definitions
        if anchor == nil { noteNoAnchor() }
    }

    /// Reads the chosen stream of definitions to its end.
    mutating func readDefinitions() {
        while let record = cursor.next() {
            if sequencer.isFull { lead() }
            if !readOther(record) { noteContent(record) }
        }
        definitionsEnd = cursor.position
    }

    private mutating func lead() {
        if let (entry, _) = sequencer.pop() { leading.append(entry) }
    }

    /// A failed call that a list was taken for lies before that list, and is the one call from there that is told, behind
    /// the list: what it left of a change shows there already.
    private mutating func findAnchor() {
        var failed: [UInt32: Call] = [:]
        cursor.restart()
        while let record = cursor.next() {
            let kind = mf_kind(UInt32(record.kind))
            if kind == MF_CALL, let call = failedCall(record) {
                // The list is under way: no later one is what it was taken for.
                if snapshots.earliestOpen.map({ call.end <= $0 }) ?? true { failed[call.thread] = call }
            }
            if kind == MF_FILE { _ = table.defineFile(record) }
            if kind == MF_SNAPSHOT_BEGIN { try? snapshots.begin(record) }
            if kind == MF_SNAPSHOT_VMAS { try? snapshots.add(record) }
            guard kind == MF_SNAPSHOT_END, let (first, _) = try? snapshots.end(record, files: table) else {
                continue
            }
            anchor = (first.number, first.begin, first.reason)
            if first.reason == .failure, let call = failed[first.thread] { leading.append(.call(call)) }
            leading.append(.snapshot(first))
            break
        }
        snapshots = SnapshotAssembly()
    }

    private mutating func failedCall(_ record: Record) -> Call? {
        var call = Call(kind: .mmap)
        guard let raw = CallDecoder(record, into: &call), !call.succeeded else { return nil }
        call.stack = table.stack(raw.stack) ?? .none
        return call
    }

    private mutating func noteNoAnchor() {
        cursor.restart()
        cursor.note(
            .noAnchor, at: cursor.position, bytes: 0,
            "The ring holds no complete snapshot, so the map before the first call is not known.")
    }
}

package import TraceLog

/// Where a replay takes its entries from: a log, or a test's list.
package protocol EntrySource: ~Copyable {
    /// The next entry in the order in which things happened to the address space; nil at the end.
    mutating func next() -> LogEntry?
    /// Takes the next entry if it is a call; false, and nothing taken, if it is something else or there is none. Most
    /// entries are calls, and pass here without being wrapped.
    mutating func nextCall(_ call: inout Call) -> Bool
    /// How many calls come next, before anything else, that end by `time`, are near no snapshot and no brk, were not made by
    /// the tracer and map no file from number `files` on; may be fewer.
    func plainCalls(endingBy time: UInt64, files: Int) -> Int
    /// Where the call works that is `distance` entries behind the next one, only to fetch what it needs; 0 if unknown.
    func address(ahead distance: Int) -> UInt64
    /// Whether a snapshot may come of which the entries given out last had not ended when it began.
    var isNearSnapshot: Bool { get }
    /// What is known of the process so far.
    var facts: ProcessFacts { get }
    /// What the entries refer to by number, so far.
    var definitions: Definitions { get }
    /// How much was read, 0 to 1.
    var fraction: Double { get }
    /// Records the tracer could not write.
    var lostRecords: Int { get }
    /// What is wrong with the log, in words.
    var damageText: [String] { get }
}

extension EntrySource where Self: ~Copyable {
    package mutating func nextCall(_ call: inout Call) -> Bool { false }
    package func plainCalls(endingBy time: UInt64, files: Int) -> Int { 0 }
    package func address(ahead distance: Int) -> UInt64 { 0 }
    package var isNearSnapshot: Bool { true }
}

package import TraceLog

/// Where a replay takes its entries from: a log, or a test's list.
package protocol EntrySource: ~Copyable {
    /// The next entry in the order in which things happened to the address space; nil at the end.
    mutating func next() -> LogEntry?
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

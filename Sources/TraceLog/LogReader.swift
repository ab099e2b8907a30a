/// Reads one process's log from front to back: validates, restores the kernel's order, notes damage and loss.
package struct LogReader: ~Copyable {
    /// Whether the tracer saw the orderly end of the process.
    package enum State: Sendable {
        /// Still recording, or killed.
        case recording
        case exited
    }

    /// Header, process description and the tracer's own ranges.
    package private(set) var facts = ProcessFacts()
    /// Grows while the log is read.
    package private(set) var definitions = Definitions()
    /// The first of what could not be read; `damageCount` counts all.
    package private(set) var damage: [Damage] = []
    package private(set) var damageCount = 0
    /// Records that the tracer could not write.
    package private(set) var lost: UInt64 = 0
    /// Records that were begun but not finished when the process was killed.
    package private(set) var unfinished = 0
    /// Calls that name a backtrace the log does not define.
    package private(set) var undefinedStacks = 0
    /// Snapshots without their end.
    package private(set) var incompleteSnapshots = 0
    package private(set) var state = State.recording
    /// Why the log could not grow any more (an errno), 0 if it could.
    package private(set) var spillErrno: Int32 = 0
    /// How much of the log has been read, 0 to 1.
    package var fraction: Double { 1 }

    /// Opens the log and reads its header and definitions of the process.
    package init(path: String) throws(LogError) {
        throw .notFound(path: path)
    }

    /// The next entry in the order in which the kernel did it, nil at the end.
    package mutating func next() -> LogEntry? { nil }
}

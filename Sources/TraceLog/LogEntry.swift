/// One thing the log tells, in the order in which it happened to the address space.
package enum LogEntry: Sendable {
    case call(Call)
    /// The first entry of a log whose older part was folded up: what it had told by `time`.
    case folded(FoldedPart, time: UInt64)
    /// A VMA as the kernel gave it right after the call that came before, besides the one that the call names.
    /// Calls of other threads may have gone into it where they changed `unsettled`.
    case observed(Range<UInt64>, unsettled: [Range<UInt64>] = [], time: UInt64)
    /// VMAs as they were right before a call that works on them: of those that grow down the starts are news.
    case grown([Range<UInt64>], time: UInt64)
    case snapshot(Snapshot)
    /// Kept apart from the entry, which would be twice as large for it.
    indirect case limits(Limits)
    case note(Note)
    /// A child was forked off between `time` and `end`.
    case child(process: UInt32, time: UInt64, end: UInt64)
    /// A forked child that has no log of its own was about to call execve.
    case childExecutes(process: UInt32, time: UInt64)
    /// The orderly end; the status is nil where the process called execve.
    case end(status: Int32?, time: UInt64)
}

/// Something the tracer could not do or see, in words for the reader of a report.
package struct Note: Sendable, Codable {
    /// Raw values are the log's `enum mf_note_code`.
    package enum Code: UInt8, Sendable, Codable {
        case notCovered = 2
        case covered = 3
        case snapshotSkipped = 5
        case notRecorded = 6
    }
    package var code: Code
    package var time: UInt64
    package var text: String
    package init(code: Code, time: UInt64, text: String) {
        self.code = code
        self.time = time
        self.text = text
    }
}

/// The limits in force at an instant; nil is "could not be read", `.max` is "unlimited". Bytes unless said
/// otherwise.
package struct Limits: Sendable, Codable {
    package var time: UInt64 = 0
    /// Number of the snapshot taken with it, 0 if none.
    package var snapshot: UInt64 = 0
    /// VMAs.
    package var maxMapCount: UInt64?
    /// VMAs the process had, counted from the list.
    package var mapCount: UInt64?
    package var addressSpaceLimit: UInt64?
    package var dataLimit: UInt64?
    package var lockedLimit: UInt64?
    /// Threads and processes.
    package var processesLimit: UInt64?
    package var mapped: UInt64?
    package var privateWritable: UInt64?
    package var locked: UInt64?
    /// vm.overcommit_memory: 0, 1 or 2.
    package var overcommitMode: UInt64?
    package var commitLimit: UInt64?
    package var committed: UInt64?
    package var memoryTotal: UInt64?
    package var cgroupLimit: UInt64?
    package var cgroupUsed: UInt64?
    /// Pages.
    package var hugePagesFree: UInt64?
    package init() {}
}

/// What the log says of the process it was recorded from.
package struct ProcessFacts: Codable, Sendable {
    package var process: UInt32 = 0
    package var parentProcess: UInt32 = 0
    /// CLOCK_MONOTONIC nanoseconds when recording began.
    package var startTime: UInt64 = 0
    /// CLOCK_REALTIME nanoseconds at the same instant.
    package var startRealTime: UInt64 = 0
    package var pageSize: UInt64 = 4096
    package var command: [String] = []
    package var executable = ""
    package var workingDirectory = ""
    package var kernelRelease = ""
    /// What the kernel answered when its rules were tried, by name; empty if they were not.
    package var kernelAnswers: [String: Bool] = [:]
    package var machine = ""
    package var libcVersion = ""
    /// As waitpid gave it; nil if nobody waited for the process under `mapfray record`.
    package var waitStatus: Int32?
    /// Of one that was killed: when that was known, CLOCK_MONOTONIC nanoseconds; nil likewise.
    package var killedTime: UInt64?
    package var isFlightRecorder = false
    /// Nil for a log that grows, and in a checkpoint.
    package var recorder: Recorder?
    /// Whether no orderly end was noted: the process runs still, or was killed.
    package var isOpen = false
    /// Records the tracer could not write, and the errno that kept the file from growing, or 0.
    package var lost: UInt64 = 0
    package var spillErrno: Int32 = 0
    /// Forked children that could not begin a log of their own; nil if there are none.
    package var missingChildren: Note?
    /// Records read so far that only a later version of mapfray knows, and that were passed over.
    package internal(set) var skipped = 0
    /// Forked child: where the parent's log stood, and which log that was (its start time).
    package var parentLogPosition: UInt64?
    package var parentStartTime: UInt64 = 0
    /// Address ranges the tracer itself occupies.
    package var ownRanges: [Range<UInt64>] = []
    /// When the last of them had been mapped, CLOCK_MONOTONIC nanoseconds.
    package var ownRangesTime: UInt64 = 0
    /// Of a log whose older part was folded up: when its first call or snapshot began, CLOCK_MONOTONIC nanoseconds.
    package var firstTime: UInt64?
    /// Likewise: until when calls are told of by the checkpoint alone, CLOCK_MONOTONIC nanoseconds.
    package var foldedTime: UInt64?
    package init() {}
}

extension ProcessFacts {
    /// How far back a flight recorder goes.
    package struct Recorder: Codable, Sendable {
        /// Bytes that it keeps.
        package var size: UInt64
        /// Bytes that it has overwritten.
        package var overwritten: UInt64
    }
}

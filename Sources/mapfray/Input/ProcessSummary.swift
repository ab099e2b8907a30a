import Foundation
import Reports
import TraceLog

/// What is kept of a process that never mattered, in place of its log.
struct ProcessSummary: Codable {
    var process: UInt32
    var parentProcess: UInt32
    var command: [String]
    /// CLOCK_MONOTONIC nanoseconds when recording of it began.
    var startTime: UInt64
    /// VMAs at most, the tracer's own among them.
    var peak: Int
    var calls: Int
    var exitStatus: Int32?
    /// Sentences about processes that went on unrecorded.
    var notRecorded: [String]

    init(_ peak: Peak) {
        let facts = peak.log.facts
        process = facts.process
        parentProcess = facts.parentProcess
        command = facts.command
        startTime = facts.startTime
        self.peak = peak.vmas
        calls = peak.calls
        exitStatus = facts.waitStatus
        notRecorded = peak.notRecorded
    }

    /// What is said to somebody who asks for the log.
    var noLog: Failure {
        let name = ProgramName.short(command) ?? "?"
        return Failure(
            "of process \(process) (\(name)) only a summary was kept: at most \(peak) VMAs, \(calls) calls, none failed; "
                + "to keep every log, record without --summarize")
    }
}

/// The summaries of a recording: one file in its folder.
enum ProcessSummaries {
    private static func path(in folder: String) -> String { "\(folder)/summaries.json" }

    /// None for a single log, or where every log was kept.
    static func read(in folder: String) throws(Failure) -> [ProcessSummary] {
        let path = path(in: folder)
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode([ProcessSummary].self, from: bytes)
        } catch {
            throw Failure("\(path) is damaged; what else is in the folder can be read once it is moved away")
        }
    }

    /// On the disk when it returns. Returns 0 or an errno.
    static func write(_ summaries: [ProcessSummary], in folder: String) -> Int32 {
        guard let text = try? JSONText.line(summaries) else { return EINVAL }
        return DurableFile.write(Array(text.utf8), to: path(in: folder))
    }
}

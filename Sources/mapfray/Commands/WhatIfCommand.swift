import Analysis
import ArgumentParser
import Reports
import TraceLog

/// What another limit would have meant.
struct WhatIfCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whatif",
        abstract: "Which call would fail first under another limit?",
        usage: """
            mapfray whatif mapfray.data                    under the limit recorded
            mapfray whatif mapfray.data --limit 65530
            mapfray whatif mapfray.data --limit 65530 --json | jq .failure.call
            """,
        discussion: """
            Every recorded call is asked whether the kernel would refuse it, by the rules of the operation: \
            mmap above the limit, splits and holes at it, moves by mremap a few below. The answer is for the \
            program without mapfray: the tracer's own VMAs are left out, and what they would change is said.
            """)

    @OptionGroup var log: LogArguments

    @Option(help: ArgumentHelp("The limit to try (default: the one recorded).", valueName: "n"))
    var limit: Int?

    @Flag(help: "A document for scripts.")
    var json = false

    @OptionGroup var symbols: SymbolArguments

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let log = try RecordedLogs(folder: log.folder).choose(process: log.pid)
        let trial = try log.tryLimit(limit ?? recordedLimit(log), symbols: symbols.options)
        try output(json ? JSONText.document(trial) : LimitTrialText.text(trial, .forDescriptor(1)))
    }

    private func recordedLimit(_ log: RecordedLog) throws -> Int {
        var reader = try log.open()
        while let entry = reader.next() {
            guard case .limits(let limits) = entry, let limit = limits.maxMapCount else { continue }
            return Int(clamping: limit)
        }
        throw Failure("\(log.path) does not say what the limit was; name one with --limit")
    }
}

import ArgumentParser
import Symbols

/// Every call, as strace writes it.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Every recorded call on a line, as strace writes it.",
        usage: """
            mapfray events mapfray.data | less
            mapfray events mapfray.data --pid all | grep ENOMEM
            mapfray events mapfray.data --stacks
            mapfray events mapfray.data --from 2.5 --to 2.6
            mapfray events mapfray.data --json | jq 'select(.seconds > 0.001)'
            """,
        discussion: """
            A line is BEGIN PID TID call(arguments) = result <seconds>; BEGIN is CLOCK_MONOTONIC in nanoseconds. \
            The calls of a process are in the order in which they changed its map; with --pid all, one process \
            follows the other. --json writes a document per line.

            A backtrace that ends in [callers may be missing] (--json: "cut") is deeper than MAPFRAY_DEPTH, or goes \
            through code that has no unwind tables: a JIT's, say.
            """)

    @OptionGroup var log: LogsArguments

    @Option(
        help: ArgumentHelp(
            "Only calls that began at this time or later; times as for maps --at.", valueName: "time"))
    var from: Instant?

    @Option(
        help: ArgumentHelp(
            "Only calls that began at this time or earlier, and took at most ten seconds.", valueName: "time")
    )
    var to: Instant?

    @Flag(help: "The backtrace of each call, innermost frame first.")
    var stacks = false

    @Flag(help: "A document per line for scripts.")
    var json = false

    @OptionGroup var symbols: SymbolArguments

    func run() throws {
        let namer = stacks ? BacktraceNamer(options: symbols.options) : nil
        var events = EventWriter(isJSON: json, namer: namer)
        for log in try logs() {
            try events.write(log, from: from.map { try log.time(of: $0) ?? .max }, to: log.time(of: to))
        }
        try events.flush()
    }

    private func logs() throws -> [RecordedLog] {
        let recorded = try RecordedLogs(folder: log.folder)
        switch log.pid {
        case .all: return recorded.logs
        case .process(let process): return try recorded.of(process: process)
        case nil: return try recorded.of(process: recorded.choose(process: nil).process)
        }
    }
}

import Analysis
import ArgumentParser
import Reports

/// The one-screen report.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Who holds the VMAs, whether the limit was hit, what to change: on one screen.",
        usage: """
            mapfray report mapfray.data
            mapfray report mapfray.data --pid 4711
            mapfray report mapfray.data --limit 262144    as if this were the limit
            mapfray report mapfray.data --json | jq .failure.cause
            """)

    @OptionGroup var log: LogArguments
    @OptionGroup var symbols: SymbolArguments
    @OptionGroup var style: StyleArguments

    @Flag(help: "A document for scripts.")
    var json = false

    @Option(help: ArgumentHelp("Judge against this many VMAs and not the limit recorded.", valueName: "n"))
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let page = try ReportPage(
            folder: log.folder, process: log.pid,
            options: InvestigationOptions(limit: limit, symbols: symbols.options))
        if json {
            try output(JSONText.document(page.investigation.report))
        } else {
            try output(page.text(.forDescriptor(1, color: style.color)))
        }
    }
}

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
            mapfray report mapfray.data --fail-if 'hits-within 7d'
            """)

    @OptionGroup var log: LogArguments
    @OptionGroup var symbols: SymbolArguments
    @OptionGroup var style: StyleArguments

    @Flag(help: "A document for scripts.")
    var json = false

    @Option(help: ArgumentHelp("Judge against this many VMAs and not the limit recorded.", valueName: "n"))
    var limit: Int?

    @Option(
        name: .customLong("fail-if"),
        help: ArgumentHelp(
            "Fail if the limit was hit, or will be within this time: hits-within 7d.", valueName: "condition")
    )
    var conditions: [ForecastGateArgument] = []

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
        if conditions.contains(where: { $0.gate.fails(page.investigation.report) }) { throw ExitCode(2) }
    }
}

/// A condition of `--fail-if`.
struct ForecastGateArgument: ExpressibleByArgument {
    let gate: ForecastGate

    init?(argument: String) {
        guard let gate = ForecastGate(argument) else { return nil }
        self.gate = gate
    }
}

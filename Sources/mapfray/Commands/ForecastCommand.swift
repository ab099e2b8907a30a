import Analysis
import ArgumentParser
import Reports

/// When the count reaches the limit.
struct ForecastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "When will the process reach the limit?",
        usage: """
            mapfray forecast mapfray.data
            mapfray forecast mapfray.data --until 259200      within three days of its start?
            mapfray forecast mapfray.data --limit 262144
            """)

    @OptionGroup var log: LogArguments

    @Option(help: ArgumentHelp("Judge against this many VMAs and not the limit recorded.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Look no further ahead than this many seconds after the first record.", valueName: "seconds"))
    var until: Double?

    @Flag(help: "A document for scripts.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
        if let until, !(until > 0) { throw ValidationError("--until must be more than 0 seconds.") }
    }

    func run() throws {
        let chosen = try RecordedLogs(folder: log.folder).choose(process: log.pid)
        let options = InvestigationOptions(limit: limit, horizon: until)
        let report = try chosen.investigate(options).report
        try output(
            json ? JSONText.document(ForecastDocument(report)) : ForecastPage.text(report, .forDescriptor(1)))
    }
}

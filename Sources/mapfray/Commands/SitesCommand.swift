import Analysis
import ArgumentParser
import Reports

extension SiteOrder: ExpressibleByArgument {}

/// Every call site that holds or made VMAs.
struct SitesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sites",
        abstract: "The code that the VMAs are blamed on, at the peak or at another instant.",
        usage: """
            mapfray sites mapfray.data
            mapfray sites mapfray.data --by growth
            mapfray sites mapfray.data --at 60 --stacks    who held them after a minute, with all backtraces
            mapfray sites mapfray.data --json
            """,
        discussion: """
            A site is the first frame outside the C library and the loader. Counts are of the peak unless --at names \
            another instant; they add up to the VMAs of the process then.
            """)

    @OptionGroup var log: LogArguments

    @Option(help: "Sort by: live (VMAs held), growth (VMAs per second), splits (VMAs cut off others).")
    var by = SiteOrder.live

    @Option(help: Instant.help)
    var at: Instant?

    @Flag(help: "Every backtrace of each site.")
    var stacks = false

    @Flag(help: "A document for scripts.")
    var json = false

    @OptionGroup var symbols: SymbolArguments
    @OptionGroup var style: StyleArguments

    func run() throws {
        let log = try RecordedLogs(folder: log.folder).choose(process: log.pid, at: at)
        let isPeak = at == nil || at == .peak
        let until = isPeak ? nil : try log.time(of: at)
        let investigation = try log.investigate(InvestigationOptions(until: until, symbols: symbols.options))
        let sites = SiteList(investigation, order: by, atPeak: isPeak)
        if json {
            try output(JSONText.document(sites.document(withStacks: stacks)))
        } else {
            try output(sites.text(.forDescriptor(1, color: style.color), withStacks: stacks))
        }
    }
}

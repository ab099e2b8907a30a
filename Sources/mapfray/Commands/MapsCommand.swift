import ArgumentParser

/// The rebuilt map of a process.
struct MapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maps",
        abstract: "The map as it was at an instant, in the format of /proc/PID/maps.",
        usage: """
            mapfray maps mapfray.data                       at the end
            mapfray maps mapfray.data --at 2.5              2.5 seconds after the first record
            mapfray maps mapfray.data --at failure --blame  and who made each VMA
            mapfray maps mapfray.data --at peak | wc -l
            """,
        discussion: """
            The VMAs of the tracer itself are left out unless --all is given. The [vsyscall] line, which the kernel \
            prints and does not count, is shown where the kernel showed it.
            """)

    @OptionGroup var log: LogArguments

    @Option(help: Instant.help)
    var at: Instant?

    @Flag(help: "Behind each line, who made the VMA or cut it off.")
    var blame = false

    @Flag(help: "The tracer's own VMAs too.")
    var all = false

    @OptionGroup var symbols: SymbolArguments

    func run() throws {
        let logs = try RecordedLogs(folder: log.folder)
        let namer = blame ? BacktraceNamer(options: symbols.options) : nil
        if case .absolute(let time)? = at, let process = log.pid,
            let fork = try logs.fork(of: process, before: time)
        {
            let hasLog = logs.logs.contains { $0.process == process }
            let writer = MapWriter(log: fork.parent, includesOwn: all, namer: namer)
            if try writer.write(fork, of: process, hasLaterList: hasLog) { return }
        }
        let log = try logs.choose(process: log.pid, at: at)
        let time = try log.toldTime(of: at)
        try MapWriter(log: log, includesOwn: all, namer: namer).write(at: time)
    }
}

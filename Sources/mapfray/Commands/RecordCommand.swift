import ArgumentParser
import Glibc

/// Runs a command with the tracer loaded into it and every process it starts.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Run a command and record every change of its memory map.",
        usage: """
            mapfray record ./server --port 80
            mapfray record -o /tmp/log -- python3 train.py
            mapfray record --quiet make -j4            no report at the end
            mapfray record --flight-recorder 64M ./daemon
            mapfray record --follow no make            make itself, and nothing that it starts
            """,
        discussion: """
            The command runs as it would without mapfray; options come before it. Processes that it starts are \
            recorded too. When it ends, a report of the process with the highest peak goes to standard error.

            Exit status: the command's own, 128+N if signal N killed it; 126 or 127 if it could not be executed \
            or found, 1 if it cannot be traced, 64 for wrong usage.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to record to (default: mapfray.data, or the next free mapfray.data.N).",
            valueName: "dir"))
    var output: String?

    @Flag(help: "No report at the end.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "Keep only the newest records of each process in this much memory (K, M, G).", valueName: "size"))
    var flightRecorder: ByteSize?

    @Option(help: ArgumentHelp("Processes that the command starts: all or no.", valueName: "which"))
    var follow = Follow.all

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.")
    var command: [String] = []

    /// The parser hands over everything behind the first word that it does not know: sorts out what was meant.
    mutating func validate() throws {
        switch command.first {
        case "--": command.removeFirst()
        case "--help", "-h": throw CleanExit.helpRequest(self)
        case "--version": throw CleanExit.message(Mapfray.configuration.version)
        case let word? where word.hasPrefix("-"):
            throw ValidationError(
                "Unknown option '\(word)'. Options of mapfray come before the command; put -- before a command that begins with a dash."
            )
        default: break
        }
        if output?.isEmpty == true { throw ValidationError("The name of the folder to record to is empty.") }
        if command.isEmpty {
            throw ValidationError("Missing the command to run, as in: mapfray record ./program")
        }
    }

    func run() throws {
        let recording = try Recording(
            command: command, output: output, flightRecorder: flightRecorder, follow: follow)
        let (process, status) = try recording.run()
        recording.conclude(process, status, quiet: quiet)
        Glibc.exit(status.shellStatus)
    }
}

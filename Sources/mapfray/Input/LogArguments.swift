import ArgumentParser

/// Which recording, and which of its processes.
struct LogArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The folder that was recorded to, or one log in it.", valueName: "dir"),
        completion: .directory)
    var folder: String

    @Option(help: "The process to look at (default: the one with the highest peak).")
    var pid: UInt32?
}

import ArgumentParser

/// Which recording.
struct FolderArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The folder that was recorded to, or one log in it.", valueName: "dir"),
        completion: .directory)
    var path: String
}

/// Which recording, and which of its processes.
struct LogArguments: ParsableArguments {
    @OptionGroup private var place: FolderArgument

    @Option(help: "The process to look at (default: the one with the highest peak).")
    var pid: UInt32?

    var folder: String { place.path }
}

/// Which recording, and which of its processes: one or all.
struct LogsArguments: ParsableArguments {
    @OptionGroup private var place: FolderArgument

    @Option(help: "The process to look at, or all (default: the one with the highest peak).")
    var pid: ProcessChoice?

    var folder: String { place.path }
}

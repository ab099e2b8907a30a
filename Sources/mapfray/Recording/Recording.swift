import Glibc

/// One run of `mapfray record`: everything checked before the command starts, then the run itself.
struct Recording {
    private let program: String
    private let library: String
    private let folder: OutputFolder
    private let arguments: CStrings
    private let flightRecorder: ByteSize?

    init(command: [String], output: String?, flightRecorder: ByteSize?) throws(Failure) {
        program = try ProgramPath.resolve(command.first ?? "")
        try Traceability().check(program)
        library = try TracerLibrary.find()
        folder = try OutputFolder.prepare(output)
        arguments = CStrings.lastArguments(command.count)
        self.flightRecorder = flightRecorder
    }

    /// Runs the command to its end.
    func run() throws(Failure) -> WaitStatus {
        var settings = ["MAPFRAY_OUTPUT": folder.path]
        if let flightRecorder { settings["MAPFRAY_FLIGHT_RECORDER"] = String(flightRecorder.bytes) }
        let environment = TracedEnvironment.make(library: library, settings: settings)
        do throws(Failure) {
            return try ChildProcess.run(program, arguments: arguments, environment: environment).status
        } catch {
            folder.discardIfEmpty()
            throw error
        }
    }

    func conclude(status: WaitStatus, quiet: Bool) throws(Failure) {
    }
}

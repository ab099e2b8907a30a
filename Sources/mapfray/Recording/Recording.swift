import Analysis
import Glibc
import Reports
import TraceLog

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
    func run() throws(Failure) -> (process: pid_t, status: WaitStatus) {
        var settings = ["MAPFRAY_OUTPUT": folder.path]
        if let flightRecorder { settings["MAPFRAY_FLIGHT_RECORDER"] = String(flightRecorder.bytes) }
        let environment = TracedEnvironment.make(library: library, settings: settings)
        do throws(Failure) {
            return try ChildProcess.run(program, arguments: arguments, environment: environment)
        } catch {
            folder.discardIfEmpty()
            throw error
        }
    }

    /// Notes how the command ended and closes with the report; whatever fails here, the command's status counts.
    func conclude(_ process: pid_t, _ status: WaitStatus, quiet: Bool) {
        guard let files = try? LogFolder(path: folder.path).files, !files.isEmpty else {
            folder.discardIfEmpty()
            tell(
                "nothing was recorded to \(folder.name): the tracer could not write a log; check that the disk is not "
                    + "full and that the command may write to the folder")
            return
        }
        note(status, of: process, in: files)
        if !quiet { report() }
    }

    /// The newest log of the process: each execve begins one.
    private func note(_ status: WaitStatus, of process: pid_t, in files: [LogFile]) {
        let own = files.last { file in
            if case .success(let facts) = file.facts { facts.process == UInt32(process) } else { false }
        }
        guard let own else { return }
        let code = own.setWaitStatus(status.rawValue)
        if code != 0 {
            tell("warning: cannot note the exit status in \(own.path) (\(describe(errno: code)))")
        }
    }

    private func report() {
        do throws(Failure) {
            let page = try ReportPage(folder: folder.name, process: nil, options: InvestigationOptions())
            writeToStandardError(page.text(.forDescriptor(2)))
        } catch {
            tell(error.message)
        }
    }
}

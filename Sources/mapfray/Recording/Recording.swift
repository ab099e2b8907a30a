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
    private let follow: Follow
    private let duties: Monitor.Duties
    private let summarizes: Bool
    private let start = ProcessLife.now()

    /// - Parameter summarizes: whether of many processes those that never mattered leave a summary in place of a log.
    init(
        command: [String], output: String?, flightRecorder: ByteSize?, follow: Follow, summarizes: Bool,
        duties: Monitor.Duties
    ) throws(Failure) {
        program = try ProgramPath.resolve(command.first ?? "")
        try Traceability().check(program, arguments: Array(command.dropFirst()))
        library = try TracerLibrary.find()
        folder = try OutputFolder.prepare(output)
        if let flightRecorder {
            try folder.checkRoom(for: flightRecorder)
            Self.tellIfRaised(flightRecorder)
        }
        if duties.most != nil && !LogFolding.isPossible(in: folder.path) {
            folder.discardIfEmpty()
            throw Failure(
                "nothing was run: files on the disk of \(folder.name) cannot be made smaller, which --max-size takes; "
                    + "record to another disk with -o")
        }
        arguments = CStrings.lastArguments(command.count)
        self.flightRecorder = flightRecorder
        self.follow = follow
        self.summarizes = summarizes
        self.duties = duties
    }

    /// The tracer keeps no smaller ring (preload/ring/ring_open.c, RING_SIZE_LEAST).
    private static let leastRing = ByteSize(bytes: 32 << 10)

    private static func tellIfRaised(_ ring: ByteSize) {
        guard ring.bytes < leastRing.bytes else { return }
        tell("a flight recorder takes at least 32 KiB: \(ring.bytes) bytes are raised to that")
    }

    /// Runs the command to its end.
    func run() throws(Failure) -> (process: pid_t, status: WaitStatus) {
        var settings = ["MAPFRAY_OUTPUT": folder.path]
        if let flightRecorder { settings["MAPFRAY_FLIGHT_RECORDER"] = String(flightRecorder.bytes) }
        settings["MAPFRAY_RULES"] = RuleProbe.setting
        if getenv("MAPFRAY_STUBS") == nil { settings["MAPFRAY_STUBS"] = StubCache.prepare() }
        if let most = duties.most { settings["MAPFRAY_MAX_SPILL"] = String(LogFolding.allowance(most)) }
        if follow == .no { settings["MAPFRAY_FOLLOW"] = String(getpid()) }
        let environment = TracedEnvironment.make(library: library, settings: settings)
        let monitor = duties.isEmpty ? nil : Monitor(duties, folder: folder.path)
        do throws(Failure) {
            let ended = try ChildProcess.run(program, arguments: arguments, environment: environment) { _ in
                monitor?.start()
            }
            monitor?.finish()
            return ended
        } catch {
            folder.discardIfEmpty()
            throw error
        }
    }

    /// Notes how the command ended and closes with the report; whatever fails here, the command's status counts.
    func conclude(_ process: pid_t, _ status: WaitStatus, quiet: Bool) {
        guard let files = try? LogFolder(path: folder.path, reading: .header).files, !files.isEmpty else {
            let reason = reasonForNothing(status)
            folder.discardIfEmpty()
            tell("nothing was recorded to \(folder.name): \(reason)")
            return
        }
        note(status, of: process, in: files)
        warn(ofLossIn: files)
        if summarizes { summarize(process) }
        if quiet { return }
        report()
        tellOfRunning()
    }

    private func summarize(_ process: pid_t) {
        do throws(Failure) {
            try LogSummarizing(folder: folder.path, process: process, start: start).run()
        } catch {
            tell("warning: every log was kept: \(error.message)")
        }
    }

    private func reasonForNothing(_ status: WaitStatus) -> String {
        if folder.freeBytes.map({ $0 < 1 << 20 }) == true {
            return "no space is left there; free some, or name another folder with -o"
        }
        if let signal = status.signal {
            return
                "signal \(signal) killed the command before the tracer could start; check that it runs without mapfray"
        }
        if let count = SeccompFilters.unknown {
            let filters = count == 1 ? "a seccomp filter" : "\(count) seccomp filters"
            return
                "it runs under \(filters) of which the tracer knows nothing; record outside of that sandbox, or set "
                + "MAPFRAY_SECCOMP=\(count) if recording under it is known to be harmless"
        }
        return "the tracer could not start in it; check that the command may write to the folder"
    }

    /// The disk that filled up has no other witness: the command must not notice.
    private func warn(ofLossIn files: [LogFile]) {
        let facts = files.compactMap { try? $0.facts.get() }
        guard let code = facts.first(where: { $0.spillErrno != 0 })?.spillErrno else { return }
        let lost = facts.reduce(0) { $0 + $1.lost }
        if lost == 0 { return }
        tell(
            "warning: \(NumberText.count(Int(clamping: lost))) records were lost, because \(reason(ofLoss: code))"
        )
    }

    /// The tracer stops writing with EPERM when the program confines itself: see `mf_ring_confine`.
    private func reason(ofLoss code: Int32) -> String {
        if code == EPERM {
            return "the program installed a seccomp filter, after which the log cannot grow; "
                + "record it without its sandbox, or set MAPFRAY_RING to more bytes"
        }
        if code == EDQUOT && duties.most != nil {
            return
                "a log had reached --max-size and was not folded up in time; allow more, or give the machine more "
                + "processors"
        }
        return "\(folder.name) could not grow (\(describe(errno: code))); record to a larger disk, or use "
            + "--flight-recorder"
    }

    /// Processes that outlive the command go on recording; looked for last, because the newest may have had no log
    /// yet when the command ended.
    private func tellOfRunning() {
        let files = (try? LogFolder(path: folder.path, reading: .header).files) ?? []
        let open = files.compactMap { try? $0.facts.get() }.filter {
            $0.isOpen && kill(pid_t($0.process), 0) == 0
        }
        let running = Set(open.map(\.process)).sorted()
        guard let first = running.first else { return }
        let whose =
            running.count == 1 ? "process \(first) is" : "\(running.count) processes (\(first), ...) are"
        tell("\(whose) still running and recorded; look again later with: mapfray report \(folder.name)")
    }

    /// The newest log of the process: each execve begins one.
    private func note(_ status: WaitStatus, of process: pid_t, in files: [LogFile]) {
        let own = files.last { file in
            if case .success(let facts) = file.facts { facts.process == UInt32(process) } else { false }
        }
        guard let own else { return }
        let code = own.setWaitStatus(status.rawValue, time: status.time)
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

import Glibc

/// The traced command: started with the caller's standard streams, waited for, and told of signals.
struct ChildProcess {
    let process: pid_t

    /// What must not end mapfray before the command, which decides what to do with it.
    private static let left: [Int32] = [SIGINT, SIGQUIT]
    /// What is meant for the command where somebody has sent it.
    private static let passed = left + [SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]
    /// What is taken here by sigwaitinfo.
    private static let taken = passed + [SIGCHLD]
    /// glibc's own (nptl/descr.h): its posix_spawn ignores them in the child but where they are to have their defaults,
    /// and no function of its sets them.
    private static let internals: [Int32] = [32, 33]

    /// Starts `path`, waits for its end and passes on to it what is meant for it.
    static func run(
        _ path: String, arguments: CStrings, environment: CStrings, started: (pid_t) -> Void = { _ in }
    ) throws(Failure) -> (process: pid_t, status: WaitStatus) {
        var original = sigset_t()
        var blocked = signalSet(taken)
        sigprocmask(SIG_BLOCK, &blocked, &original)
        let ignoredBefore = left.filter { isIgnored($0) }
        for number in left { signal(number, SIG_IGN) }
        let toDefault = left.filter { !ignoredBefore.contains($0) }
        let child = try spawn(path, arguments, environment, mask: original, toDefault: toDefault)
        // With SIGCHLD ignored the kernel would throw the status away. Done now, for the command inherits what was set.
        signal(SIGCHLD, SIG_DFL)
        started(child)
        return (child, try ChildProcess(process: child).wait(for: blocked))
    }

    private func wait(for signals: sigset_t) throws(Failure) -> WaitStatus {
        var signals = signals
        while true {
            var status: Int32 = 0
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return WaitStatus(rawValue: status) }
            guard ended == 0 || errno == EINTR else {
                throw Failure(
                    "lost track of the command (\(describe(errno: errno))); its recording is complete when it ends"
                )
            }
            var info = siginfo_t()
            let number = sigwaitinfo(&signals, &info)
            if Self.passed.contains(number), Self.isSent(info) { kill(process, number) }
        }
    }

    /// By a process: to mapfray alone, as `docker stop` does. What the terminal sends the whole group gets.
    private static func isSent(_ info: siginfo_t) -> Bool { info.si_code <= 0 }

    private static func signalSet(_ numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // Function pointers do not compare in Swift; SIG_IGN is the address 1.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static func spawn(
        _ path: String, _ arguments: CStrings, _ environment: CStrings, mask: sigset_t, toDefault: [Int32]
    ) throws(Failure) -> pid_t {
        var code = exec(path, arguments, environment, mask, toDefault)
        if case .failure(ENOEXEC) = code, isText(path) {
            // As execvp does with a script that has no first line.
            code = exec(
                "/bin/sh", arguments.replacingFirst(with: ["/bin/sh", path]), environment, mask, toDefault)
        }
        switch code {
        case .process(let child): return child
        case .failure(let code):
            throw Failure(
                "nothing was run: cannot execute \(path) (\(describe(errno: code))); check that it runs without mapfray",
                status: 126)
        }
    }

    private enum Outcome {
        case process(pid_t)
        case failure(Int32)
    }

    private static func exec(
        _ path: String, _ arguments: CStrings, _ environment: CStrings, _ mask: sigset_t, _ toDefault: [Int32]
    ) -> Outcome {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = mask
        var defaults = signalSet(toDefault)
        withUnsafeMutableBytes(of: &defaults) { bytes in
            for number in internals { bytes[Int(number - 1) / 8] |= 1 << UInt8((number - 1) % 8) }
        }
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        let code = posix_spawn(&child, path, nil, &attributes, arguments.pointers, environment.pointers)
        return code == 0 ? .process(child) : .failure(code)
    }

    private static func isText(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 && !bytes.prefix(count).contains(0)
    }
}

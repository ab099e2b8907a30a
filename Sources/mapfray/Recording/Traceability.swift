import CLinux
import Glibc

/// Whether the tracer can be loaded into a program; asked before anything runs, because the loader ignores
/// LD_PRELOAD without a word.
struct Traceability {
    /// The ELF facts of mapfray itself: the tracer library is built for the same.
    private let own: ELFProgram?

    init() {
        if case .elf(let program) = ProgramFile(path: "/proc/self/exe") { own = program } else { own = nil }
    }

    /// Follows scripts to their interpreters and refuses what cannot be traced.
    func check(_ path: String, arguments: [String] = [], depth: Int = 0) throws(Failure) {
        switch ProgramFile(path: path) {
        case .elf(let program):
            if isOwnLoader(path), arguments.first == "--list" {
                throw refusal(
                    path, "lists what a program would load, and runs nothing", "ask it without mapfray")
            }
            try check(program, at: path)
        case .script(let interpreter, let argument) where depth < 5:
            try check(interpreter: interpreter, argument: argument, of: path, depth: depth)
        case .script, .unknown:
            return
        }
    }

    private func check(interpreter: String, argument: String?, of path: String, depth: Int) throws(Failure) {
        guard access(interpreter, X_OK) == 0 else {
            throw Failure(
                "nothing was run: \(path) asks for the interpreter \(interpreter), which cannot be executed "
                    + "(\(describe(errno: errno))); install it, or correct the first line of the script",
                status: errno == ENOENT ? 127 : 126)
        }
        try check(interpreter, depth: depth + 1)
        if let name = Self.programOfEnv(interpreter: interpreter, argument: argument) {
            try check(ProgramPath.resolve(name), depth: depth + 1)
        }
    }

    /// The program that `#!/usr/bin/env [-S] [NAME=VALUE...] program` looks up in PATH.
    static func programOfEnv(interpreter: String, argument: String?) -> String? {
        guard interpreter.split(separator: "/").last == "env", let argument else { return nil }
        let words = argument.split { $0 == " " || $0 == "\t" }
        guard words.first == "-S" || words.first?.hasPrefix("-") == false else { return nil }
        let rest = words.drop { $0.hasPrefix("-") || $0.contains("=") }
        return rest.first.map(String.init)
    }

    private func check(_ program: ELFProgram, at path: String) throws(Failure) {
        if let own, program.machine != own.machine || program.elfClass != own.elfClass {
            throw refusal(
                path,
                "is a program for \(program.machineName), and this mapfray is built for \(own.machineName)",
                "build or install mapfray for \(program.machineName)")
        }
        try checkLoader(program, at: path)
        try checkPrivileges(of: path)
    }

    private func checkLoader(_ program: ELFProgram, at path: String) throws(Failure) {
        guard let loader = program.loader else {
            if isOwnLoader(path) { return }
            if isNamedLikeLoader(path) { throw foreignLoader(path, "is the loader of another libc") }
            throw refusal(
                path, "is linked statically, so no library can be preloaded into it",
                "\(program.isGo ? "build it with go build -ldflags='-linkmode external'" : "link it dynamically"), or"
                    + " see its calls with: strace -f -k -e trace=%memory")
        }
        if let mine = own?.loader, fileName(mine) != fileName(loader) {
            throw foreignLoader(path, "is loaded by \(loader)")
        }
    }

    private func foreignLoader(_ path: String, _ what: String) -> Failure {
        let needed = own?.loader.map(fileName) ?? "loader"
        return refusal(
            path, "\(what), and the tracer library needs glibc's \(needed)",
            "use a build of the program for glibc")
    }

    /// Run as a command, the loader itself honours LD_PRELOAD although it asks for no loader.
    private func isOwnLoader(_ path: String) -> Bool {
        guard let mine = own?.loader else { return false }
        return fileName(canonical(path)) == fileName(canonical(mine))
    }

    /// Its name alone tells a loader from a static program (preload/tracer/unrecordable.c).
    private func isNamedLikeLoader(_ path: String) -> Bool {
        fileName(path).hasPrefix("ld-") || fileName(path).hasPrefix("ld.so")
    }

    /// Secure execution (AT_SECURE, security/commoncap.c) makes the loader drop LD_PRELOAD.
    private func checkPrivileges(of path: String) throws(Failure) {
        guard let gain = privilegeGain(of: path) else { return }
        throw refusal(
            path, "\(gain), and then the loader ignores LD_PRELOAD",
            "run a copy without these rights (cp makes one), or run mapfray as the user it runs as")
    }

    private func privilegeGain(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, !ignoresPrivileges(path) else { return nil }
        if status.st_mode & S_ISUID != 0 && status.st_uid != getuid() { return "is setuid" }
        if status.st_mode & S_ISGID != 0 && status.st_mode & S_IXGRP != 0 && status.st_gid != getgid() {
            return "is setgid"
        }
        let hasCapabilities = getxattr(path, "security.capability", nil, 0) > 0
        return hasCapabilities && getuid() != 0 ? "has file capabilities" : nil
    }

    private func ignoresPrivileges(_ path: String) -> Bool {
        var fileSystem = statvfs()
        return statvfs(path, &fileSystem) == 0 && fileSystem.f_flag & UInt(ST_NOSUID) != 0
    }

    private func refusal(_ path: String, _ why: String, _ instead: String) -> Failure {
        Failure("nothing was run: \(path) \(why); \(instead)")
    }

    private func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

import Glibc

/// Where the shell would find a program.
enum ProgramPath {
    /// The file that `name` stands for, by the rules of execvp: a name with a slash is a path, any other is looked up in PATH.
    ///
    /// Fails with the shell's own statuses: 127 if there is none, 126 if it may not be executed.
    static func resolve(_ name: String) throws(Failure) -> String {
        if name.isEmpty { throw missing("the command is an empty word") }
        if name.contains("/") {
            try check(name)
            return name
        }
        return try search(name)
    }

    private static func search(_ name: String) throws(Failure) -> String {
        var refused: String?
        for folder in searchPath {
            let path = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
            guard isFile(path) else { continue }
            if access(path, X_OK) == 0 { return path }
            refused = refused ?? path
        }
        if let refused { throw notExecutable(refused, EACCES) }
        throw missing("there is no \(name) in PATH; check the name, or give its path")
    }

    private static func check(_ path: String) throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR {
                throw missing("there is no file \(path); check the name")
            }
            throw notExecutable(path, errno)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw notExecutable(path, EISDIR) }
        guard access(path, X_OK) == 0 else { throw notExecutable(path, errno) }
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// execvp's own default where PATH is not set.
    private static var searchPath: [String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/bin:/usr/bin"
        return path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }

    private static func missing(_ why: String) -> Failure {
        Failure("nothing was run: \(why)", status: 127)
    }

    private static func notExecutable(_ path: String, _ code: Int32) -> Failure {
        let hint =
            code == EACCES ? "; make it executable with: chmod +x \(path)" : "; name the program itself"
        return Failure(
            "nothing was run: \(path) cannot be executed (\(describe(errno: code)))\(hint)", status: 126)
    }
}

import Glibc

/// Where the shell would find a program.
enum ProgramPath {
    /// The file that `name` stands for, by the rules of execvp: a name with a slash is a path, any other is looked up in PATH.
    ///
    /// Fails with the shell's own statuses: 127 if there is none, 126 if it may not be executed.
    static func resolve(_ name: String) throws(Failure) -> String {
        if name.isEmpty { throw missing("the command is an empty word") }
        // What Swift puts in the place of bytes that are no UTF-8.
        if name.unicodeScalars.contains("\u{FFFD}") {
            throw missing("the name of the program is not UTF-8: start it by a link with another name")
        }
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
        Failure(
            "nothing was run: \(path) cannot be executed (\(describe(errno: code))); \(hint(path, code))",
            status: 126)
    }

    /// chmod helps only its owner, and only where nothing but the bits is missing.
    private static func hint(_ path: String, _ code: Int32) -> String {
        var status = stat()
        guard code == EACCES else { return "name the program itself" }
        guard stat(path, &status) == 0 else {
            return "a folder on the way to it may not be searched by this user"
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is no regular file" }
        if status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH) != 0 {
            return "its rights or its file system do not let this user execute it"
        }
        return "make it executable with: chmod +x \(path)"
    }
}

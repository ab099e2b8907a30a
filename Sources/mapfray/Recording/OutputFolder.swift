import Glibc

/// The folder that a recording goes to.
struct OutputFolder {
    /// Absolute, because the traced program may change its working directory.
    var path: String
    /// As the user knows it.
    var name: String
    /// Whether this recording made it.
    var isNew: Bool

    private static let defaultName = "mapfray.data"

    /// Swift replaces bytes that are no UTF-8, and then the tracer would look elsewhere.
    private static func checkWorkingFolder() throws(Failure) {
        guard let current = getcwd(nil, 0) else { return }
        defer { free(current) }
        if String(validatingCString: current) != nil { return }
        throw Failure(
            "nothing was run: the path of the working folder is not UTF-8; name the folder to record to from / on, with -o"
        )
    }

    /// The folder asked for, or the first free one of mapfray.data, mapfray.data.2, ...
    static func prepare(_ name: String?) throws(Failure) -> OutputFolder {
        if name?.hasPrefix("/") != true { try checkWorkingFolder() }
        guard let name else { return try firstFree() }
        let path = absolute(name)
        return OutputFolder(path: path, name: name, isNew: try make(path, asked: name))
    }

    private static func firstFree() throws(Failure) -> OutputFolder {
        for number in 1...9999 {
            let name = number == 1 ? defaultName : "\(defaultName).\(number)"
            if mkdir(name, 0o700) == 0 {
                if number > 1 { tell("recording to \(name), because \(defaultName) exists") }
                return OutputFolder(path: absolute(name), name: name, isNew: true)
            }
            guard errno == EEXIST else { throw unwritable(name, errno) }
        }
        throw Failure(
            "nothing was run: \(defaultName) to \(defaultName).9999 all exist; remove some, or name a folder with -o"
        )
    }

    private static func make(_ path: String, asked name: String) throws(Failure) -> Bool {
        makeParents(of: path)
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw unwritable(name, errno) }
        try checkExisting(path, asked: name)
        return false
    }

    /// What cannot be made shows itself when the folder in it is made.
    private static func makeParents(of path: String) {
        let names = path.split(separator: "/").dropLast()
        for count in names.indices {
            mkdir("/" + names[...count].joined(separator: "/"), 0o777)
        }
    }

    private static func checkExisting(_ path: String, asked name: String) throws(Failure) {
        let names = try contents(of: path, asked: name)
        if names.contains(where: { $0.hasSuffix(".mapfray") }) {
            throw Failure(
                "nothing was run: \(name) holds a recording already; name another folder with -o, or remove it"
            )
        }
        guard access(path, W_OK | X_OK) == 0 else { throw unwritable(name, errno) }
    }

    private static func contents(of path: String, asked name: String) throws(Failure) -> [String] {
        guard let folder = opendir(path) else { throw unwritable(name, errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    /// Removes the folder if this recording made it and nothing came into it.
    func discardIfEmpty() {
        if isNew { rmdir(path) }
    }

    /// Bytes that this user can still write there; nil if the file system does not say.
    var freeBytes: UInt64? {
        var fileSystem = statvfs()
        guard statvfs(path, &fileSystem) == 0 else { return nil }
        return UInt64(fileSystem.f_bavail) * UInt64(fileSystem.f_frsize)
    }

    /// A ring is kept whole in the file: one that does not fit would only fill the disk.
    func checkRoom(for ring: ByteSize) throws(Failure) {
        guard let free = freeBytes, ring.bytes > free else { return }
        discardIfEmpty()
        throw Failure(
            "nothing was run: a flight recorder of \(ring.bytes >> 20) MiB does not fit on the disk of \(name), where "
                + "\(free >> 20) MiB are free; choose a smaller size")
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    private static func unwritable(_ name: String, _ code: Int32) -> Failure {
        Failure(
            "nothing was run: cannot record to \(name) (\(describe(errno: code))); name a folder you may write with -o"
        )
    }
}

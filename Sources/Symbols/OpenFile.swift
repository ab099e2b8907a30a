internal import Glibc

/// A regular file, open for reading; closed at the end of its life.
struct OpenFile: ~Copyable {
    let descriptor: CInt
    let device: UInt64
    let inode: UInt64

    /// Opens without waiting for a writer, should the path name a pipe or a device.
    init(path: String) throws(ModuleProblem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw problem(ofError: errno) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile
        }
        self.descriptor = descriptor
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
    }

    deinit { close(descriptor) }
}

private func problem(ofError error: CInt) -> ModuleProblem {
    if error == ENOENT || error == ENOTDIR { return .missing }
    return .unreadable(strerror(error).map { String(cString: $0) } ?? "error \(error)")
}

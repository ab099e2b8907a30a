import Glibc

/// The open file of a log.
///
/// Read with pread, not mapped: a file that shrinks or fails under the reader then gives fewer bytes instead
/// of SIGBUS, a log still being written cannot change between a record's check and its decoding, and memory
/// stays at one window whatever the file's size.
struct LogSource: ~Copyable {
    let path: String
    private let descriptor: Int32
    /// Bytes.
    private(set) var size: UInt64 = 0
    /// Bytes the file really takes: less than `size` if it has holes.
    private(set) var allocated: UInt64 = 0

    init(path: String) throws(LogError) {
        descriptor = try Self.openFile(path)
        self.path = path
        refreshSize()
    }

    private static func openFile(_ path: String) throws(LogError) -> Int32 {
        // O_NONBLOCK: a FIFO of that name must not block the reader.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 { throw error(errno, path: path) }
        var status = stat()
        if fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG { return descriptor }
        _ = close(descriptor)
        throw .notAFile(path: path)
    }

    deinit { _ = close(descriptor) }

    /// Asks again for the file's size, which grows while the process runs.
    mutating func refreshSize() {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        size = UInt64(clamping: status.st_size)
        allocated = UInt64(clamping: status.st_blocks).multipliedClamping(by: 512)
    }

    /// Fills `target` from the file; what lies behind the end or cannot be read becomes zero.
    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) {
        var done = 0
        while done < target.count, let place = off_t(exactly: offset &+ UInt64(done)) {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, place)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            done += count
        }
        UnsafeMutableRawBufferPointer(rebasing: target[done...]).initializeMemory(
            as: UInt8.self, repeating: 0)
    }

    static func error(_ code: Int32, path: String) -> LogError {
        code == ENOENT || code == ENOTDIR ? .notFound(path: path) : .unreadable(path: path, errno: code)
    }
}

extension UInt64 {
    /// The product, or the largest number if it does not fit.
    func multipliedClamping(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// The sum, or the largest number if it does not fit.
    func addingClamping(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The difference, or 0 where it would be negative.
    func subtractingClamping(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}

import Glibc
import TraceFormat

/// What `mapfray record` writes into the header of a log: the tracer leaves these fields to it.
extension LogFile {
    /// Notes how the process ended, as waitpid gave it.
    /// - Parameter time: when it did, CLOCK_MONOTONIC nanoseconds.
    /// - Returns: 0, or the errno that says why it could not be written.
    package func setWaitStatus(_ status: Int32, time: UInt64) -> Int32 {
        // The mark last: a reader must not take an unwritten status for one.
        let fields: [(PartialKeyPath<mf_header>, UInt64)] = [
            (\.wait_status, UInt64(UInt32(bitPattern: status))), (\.wait_time, time), (\.has_wait_status, 1),
        ]
        for (field, number) in fields {
            let code = set(field, number)
            if code != 0 { return code }
        }
        return 0
    }

    /// Notes that a checkpoint stands in for the records before a stream position.
    /// - Returns: 0, or the errno that says why it could not be written.
    package func setFolded(to position: UInt64) -> Int32 { set(\.folded, mf_folded(position)) }

    /// Lets the spill grow up to a stream position.
    /// - Returns: 0, or the errno that says why it could not be written.
    package func setSpillLimit(_ position: UInt64) -> Int32 { set(\.spill_limit, position) }

    private func set(_ field: PartialKeyPath<mf_header>, _ number: UInt64) -> Int32 {
        guard let offset = MemoryLayout<mf_header>.offset(of: field) else { return ENOSYS }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let size = withUnsafeBytes(of: number) {
            pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        return size == 8 ? 0 : size < 0 ? errno : EIO
    }
}

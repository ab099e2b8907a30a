import Glibc
import TraceFormat

extension LogFile {
    /// Notes in the header how the process ended, as waitpid gave it.
    /// - Returns: 0, or the errno that says why it could not be written.
    package func setWaitStatus(_ status: Int32) -> Int32 {
        guard let value = MemoryLayout<mf_header>.offset(of: \.wait_status),
            let presence = MemoryLayout<mf_header>.offset(of: \.has_wait_status)
        else { return ENOSYS }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // The mark last: a reader must not take an unwritten status for one.
        guard write(UInt64(UInt32(bitPattern: status)), at: value, descriptor),
            write(1, at: presence, descriptor)
        else { return errno }
        return 0
    }

    private func write(_ number: UInt64, at offset: Int, _ descriptor: Int32) -> Bool {
        withUnsafeBytes(of: number) { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) } == 8
    }
}

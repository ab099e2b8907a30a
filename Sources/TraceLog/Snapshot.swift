/// The list of all VMAs as the kernel gave it at one instant.
package struct Snapshot: Sendable {
    /// Why it was taken; raw values are the log's `enum mf_snapshot_reason`.
    package enum Reason: UInt8, CaseIterable, Sendable {
        case start = 1
        case fork, failure, threshold, anchor, exit, settle, confined
    }

    /// One VMA of the list.
    package struct VMA: Sendable {
        package var start: UInt64
        package var end: UInt64
        /// `MF_VMA_*` rights in the lowest byte, smaps VmFlags above (see trace_format.h).
        package var flags: UInt64
        /// Offset into the file in bytes, as /proc/PID/maps prints it.
        package var offset: UInt64
        /// Major number in the high half, minor in the low half.
        package var device: UInt64
        package var inode: UInt64
        /// The path or bracketed name at the end of the line.
        package var file: FileID

        package init(
            start: UInt64, end: UInt64, flags: UInt64, offset: UInt64 = 0, device: UInt64 = 0,
            inode: UInt64 = 0,
            file: FileID = .none
        ) {
            self.start = start
            self.end = end
            self.flags = flags
            self.offset = offset
            self.device = device
            self.inode = inode
            self.file = file
        }
    }

    package var number: UInt64
    package var reason: Reason
    /// CLOCK_MONOTONIC nanoseconds before the first line was read.
    package var begin: UInt64
    /// CLOCK_MONOTONIC nanoseconds after the last line was read.
    package var end: UInt64
    package var thread: UInt32
    /// Whether `VMA.flags` holds the VmFlags of smaps, not only rights and sharing.
    package var hasFlags: Bool
    /// Whether the list ended with a [vsyscall] line, which is no VMA.
    package var hasVsyscall: Bool
    /// In the order of addresses, [vsyscall] left out.
    package var vmas: [VMA]

    package init(
        number: UInt64, reason: Reason, begin: UInt64, end: UInt64, thread: UInt32, hasFlags: Bool,
        hasVsyscall: Bool, vmas: [VMA]
    ) {
        self.number = number
        self.reason = reason
        self.begin = begin
        self.end = end
        self.thread = thread
        self.hasFlags = hasFlags
        self.hasVsyscall = hasVsyscall
        self.vmas = vmas
    }
}

package import TraceLog

extension Call {
    /// The whole pages that a call worked on, as far as its arguments say; nil where they do not.
    package func range(pageSize: UInt64) -> Range<UInt64>? {
        let (a, b, c, d, _, _) = arguments
        switch kind {
        case .mmap, .mapShadowStack: return Self.pages(succeeded ? result : a, b, pageSize)
        case .mremap: return Self.pages(succeeded ? result : a, succeeded ? c : b, pageSize)
        case .prctl: return Self.pages(c, d, pageSize)
        case .shmat, .ioSetup: return observedEnd > observedStart ? observedStart..<observedEnd : nil
        case .brk, .shmdt, .ioDestroy, .mlockall, .munlockall, .userfaultfdClose, .personality: return nil
        case .userfaultfdRegister, .userfaultfdUnregister: return Self.pages(b, c, pageSize)
        default: return Self.pages(a, b, pageSize)
        }
    }

    private static func pages(_ start: UInt64, _ length: UInt64, _ pageSize: UInt64) -> Range<UInt64>? {
        let (end, isTooLong) = start.addingReportingOverflow(length)
        guard !isTooLong, end < UInt64.max - pageSize else { return nil }
        let range = start & ~(pageSize - 1)..<(end + pageSize - 1) & ~(pageSize - 1)
        return range.isEmpty ? nil : range
    }
}

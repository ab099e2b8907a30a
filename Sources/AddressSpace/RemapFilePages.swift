import TraceLog

// remap_file_pages, which the kernel emulates by a fixed mapping of the same file (mm/mmap.c).
extension AddressSpace {
    mutating func remapFilePages(_ call: Call) {
        let start = pageStart(call.arguments.0)
        let end = start &+ pageStart(call.arguments.1)
        guard call.succeeded else { return remapFailed(call, start, end) }
        guard end > start, var vma = vma(containing: start) else { return }
        vma.start = start
        vma.end = end
        vma.pgoff = call.arguments.3
        // Of the old mapping only the rights and the lock stay.
        let kept = VMAFlags.rights.union(.may).union([.shared, .mayShare, .locked]).union(.modelOnly)
        vma.flags = vma.flags.intersection(kept).union(futureFlags)
        if personality.impliesExec(author.thread), vma.flags.isSuperset(of: [.read, .mayExec]) {
            vma.flags.insert(.exec)
        }
        if identities.trait(of: vma.file) == .secret { keepSecret(&vma) }
        markDrivers(&vma)
        vma.extra = 0
        vma.owner = author.owner(.created)
        vma.time = author.time
        _ = insertNew(vma, at: removeRange(start, end))
    }

    private mutating func remapFailed(_ call: Call, _ start: UInt64, _ end: UInt64) {
        if removedBeforeFailing(call, start, end) || call.flags.contains(.hasObservation) { return }
        if call.error == Errno.invalid, end > start, losesSegment(call, start, end) {
            _ = removeRange(start, end)
        }
    }

    /// The old mapping goes first, and with the last attach a segment that was marked for removal, which then cannot be
    /// mapped (ipc/shm.c, shm_mmap): of a SysV segment nothing else is refused behind the checks of the range.
    private func losesSegment(_ call: Call, _ start: UInt64, _ end: UInt64) -> Bool {
        guard call.arguments.2 == 0, let vma = vma(containing: start),
            vma.flags.isSuperset(of: [.closeHook, .shared])
        else { return false }
        return obstacle(start, end) { $0.description != vma.description || $0.flags != vma.flags } == nil
    }
}

import TraceLog

/// personality(READ_IMPLIES_EXEC), which a process may have from its parent, of which no call in its log tells: what can
/// be read can be executed (mm/mmap.c, do_mmap; mm/mprotect.c, do_mprotect_pkey; TASK_EXEC in do_brk_flags). The kernel
/// has it for each thread; those that change it do so before there are others.
extension AddressSpace {
    private static let readImpliesExec: UInt64 = 0x40_0000

    mutating func setPersonality(_ call: Call) {
        if call.succeeded { readImpliesExec = call.arguments.0 & Self.readImpliesExec != 0 }
    }

    /// The rights that a call gives which asks for these.
    @inline(__always)
    func given(_ protection: UInt64) -> VMAFlags {
        let rights = Self.rights(protection)
        return readImpliesExec && rights.contains(.read) ? rights.union(.exec) : rights
    }

    /// Learns it from what the kernel showed of new private memory that was not to be executed. A file may lie where
    /// nothing can be.
    @inline(__always)
    mutating func learnPersonality(_ call: Call) {
        guard call.observedRights != Call.unknownRights, call.arguments.2 & 5 == 1 else { return }
        let isFirst = call.observedStart <= call.result && call.result < call.observedEnd
        guard isFirst, call.mapFlags.intersection(.privateMemory) == .privateMemory,
            UInt64(call.observedRights) & 3 == call.arguments.2 & 3
        else { return }
        readImpliesExec = call.observedRights & 4 != 0
    }
}

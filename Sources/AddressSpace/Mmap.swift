import TraceLog

// mmap, as mm/mmap.c (do_mmap) and mm/vma.c (__mmap_region) do it.
extension AddressSpace {
    mutating func mmap(_ call: Call) {
        guard call.succeeded else { return mmapFailed(call) }
        learnPersonality(call)
        let flags = call.mapFlags
        let end = call.result &+ mappedLength(call, flags)
        guard end > call.result else { return }
        let cursor = clear(call.result, end, asked: flags.contains(.fixed))
        let vma = newVMA(call, flags, end)
        let place = insertNew(vma, at: cursor, asksNextFirst: rules.mmapAsksNextFirst)
        if mergesPages, marksLate(vma.flags) { markMergeable(place, vma) }
        // A lock that mlockall asked for is taken back only when it has kept the neighbours apart (__mmap_complete).
        if flags.isDroppable { tree[place].flags.subtract(.lockMask) }
        // A lock on fault lets not even MAP_POPULATE touch the pages (populate_vma_page_range).
        let populates = flags.populates && !tree[place].flags.contains(.lockOnFault)
        if assumesWrites || populates || tree[place].populatesWhenLocked { writeOne(place) }
    }

    /// What a mapping takes away: at an address the kernel chose nothing can have been.
    @inline(__always)
    mutating func clear(_ start: UInt64, _ end: UInt64, asked: Bool) -> VMATree.Cursor {
        let cursor = tree.first(endingAbove: start)
        if tree.isEnd(cursor) || tree[cursor].start >= end { return cursor }
        if !asked { corrections.unobserved += 1 }
        return removeRange(start, end)
    }

    @inline(__always)
    private func mappedLength(_ call: Call, _ flags: MapFlags) -> UInt64 {
        let length = call.arguments.1
        if call.sawHugePages, call.observedStart == call.result { return call.observedEnd &- call.result }
        guard flags.contains(.hugeTLB), flags.contains(.anonymous) else { return pageAligned(length) }
        return (length &+ flags.hugePageSize &- 1) & ~(flags.hugePageSize &- 1)
    }

    @inline(__always)
    private mutating func newVMA(_ call: Call, _ flags: MapFlags, _ end: UInt64) -> VMA {
        var vma = VMA(
            start: call.result, end: end, pgoff: call.result &>> pageShift,
            flags: baseFlags(call.arguments.2, flags),
            time: author.time, file: call.file, owner: author.owner(.created))
        // Given away and taken back as a value: what others have the address of stays in memory from the first to the last.
        if flags.contains(.anonymous) { anonymous(&vma, flags) } else { vma = fileBacked(vma, call, flags) }
        vma.flags = accounted(vma.flags)
        return vma
    }

    /// Flags from rights, mmap flags, mlockall and PR_SET_MEMORY_MERGE (calc_vm_prot_bits, calc_vm_flag_bits).
    @inline(__always)
    func baseFlags(_ protection: UInt64, _ flags: MapFlags) -> VMAFlags {
        var result = given(protection).union(.may).union(futureFlags)
        if flags.contains(.growsDown) { result.insert(.growsDown) }
        if flags.contains(.locked) { result.insert(.locked) }
        if flags.contains(.stack), rules.stackMeansNoHugePage { result.insert(.noHugePage) }
        if flags.contains(.noReserve), !neverOvercommits { result.insert(.noReserve) }
        if flags.isShared { result.formUnion([.shared, .mayShare]) }
        return result
    }

    /// `rd`, `wr`, `ex` from PROT_READ, PROT_WRITE, PROT_EXEC.
    @inline(__always)
    static func rights(_ protection: UInt64) -> VMAFlags {
        VMAFlags(rawValue: (protection & 7) << 8)
    }

    @inline(__always)
    private mutating func anonymous(_ vma: inout VMA, _ flags: MapFlags) {
        if flags.isDroppable {
            vma.flags.formUnion([.noReserve, .wipeOnFork, .dontDump, .droppable])
        }
        if flags.isShared || flags.contains(.hugeTLB) {
            vma.pgoff = 0
            vma.description = identities.new()
        }
        if flags.contains(.hugeTLB) { vma.flags.formUnion([.hugeTLB, .dontExpand]) }
    }

    private mutating func fileBacked(_ new: VMA, _ call: Call, _ flags: MapFlags) -> VMA {
        var vma = new
        vma.pgoff = call.arguments.5 &>> pageShift
        vma.description = identities.description(
            of: call.file, descriptor: UInt32(truncatingIfNeeded: call.arguments.4))
        switch identities.trait(of: call.file) {
        // Only a descriptor that can write makes new shared memory (mmap_zero).
        case .zeroDevice where flags.isShared && call.descriptorWrites != false:
            vma.description = identities.new()
        case .zeroDevice: vma.flags.insert(.zeroDevice)
        case .special, .ring, .perfRing, .bpfMap, .socket, .traceRing: markDrivers(&vma)
        case .memory where flags.isShared && call.descriptorWrites == nil:
            identities.markWritable(vma.description)
        case .secret: keepSecret(&vma)
        case .memory, .ordinary, .heap, .stack, .segment, .uprobes, .vdso: break
        }
        if call.sawHugePages { vma.flags.formUnion([.hugeTLB, .dontExpand]) }
        if withholdsExec(call) { vma.flags.subtract([.exec, .mayExec]) }
        if flags.isShared { restrictToDescriptor(&vma, writes: call.descriptorWrites) }
        return vma
    }

    /// What a driver says of its mapping (io_uring/memmap.c, io_region_mmap; kernel/events/core.c, perf_mmap;
    /// kernel/bpf/syscall.c, bpf_map_mmap; net/packet/af_packet.c, packet_mmap; kernel/trace/ring_buffer.c, __rb_map_vma;
    /// mm/memory.c, remap_pfn_range and vm_insert_page).
    func markDrivers(_ vma: inout VMA) {
        let byFrames: VMAFlags = [.io, .pfnMap, .dontExpand, .dontDump]
        let trait = identities.trait(of: vma.file)
        if [.bpfMap, .socket].contains(trait)
            || rules.anonymousFilesForbidExec && [.ring, .perfRing].contains(trait)
        {
            vma.flags.remove(.mayExec)
        }
        switch trait {
        case .special: vma.flags.insert(.dontExpand)
        case .socket: vma.flags.insert(.mixedMap)
        case .traceRing:
            vma.flags.formUnion([.dontCopy, .dontExpand, .dontDump, .mixedMap])
            vma.flags.remove(.mayWrite)
        case .ring: vma.flags.formUnion(rules.ringPagesAreInserted ? [.dontExpand, .mixedMap] : byFrames)
        case .perfRing:
            vma.flags.formUnion([.dontCopy, .dontExpand, .dontDump])
            if rules.perfMapsFrames { vma.flags.formUnion(byFrames) }
        case .bpfMap:
            if !vma.flags.contains(.write) { vma.flags.remove(.mayWrite) }
            vma.flags.formUnion([.dontExpand, .dontDump, .mixedMap])
        default: break
        }
    }

    /// What memfd_secret made is locked, and neither dumped nor executed, wherever it is mapped (mm/secretmem.c,
    /// secretmem_mmap and secretmem_init).
    mutating func keepSecret(_ vma: inout VMA) {
        vma.flags.formUnion([.locked, .dontDump])
        vma.flags.subtract([.exec, .mayExec])
        identities.markWritable(vma.description)
    }

    /// A descriptor that cannot write takes `sh` and `mw` away; where the log does not tell (of one before it was asked
    /// for) it is taken for one that cannot until it is seen to write.
    private mutating func restrictToDescriptor(_ vma: inout VMA, writes: Bool?) {
        let isZero = identities.trait(of: vma.file) == .zeroDevice && writes == nil
        // A description keeps its access: the number was opened anew.
        if writes == false, identities.isWritable(vma.description) { vma.description = identities.renew() }
        if writes ?? vma.flags.contains(.write) { identities.markWritable(vma.description) }
        if writes == true || isZero || identities.isWritable(vma.description) { return }
        vma.flags.subtract([.shared, .mayWrite])
    }

    /// The flags of a new VMA with `ac` and `mg` (accountable_mapping, ksm_vma_flags); special ones are never locked.
    @inline(__always)
    func accounted(_ flags: VMAFlags) -> VMAFlags {
        var flags = flags
        if !flags.isDisjoint(with: [.hugeTLB, .dontExpand]) { flags.subtract(.lockMask) }
        if flags.intersection([.noReserve, .shared, .write, .hugeTLB]) == .write { flags.insert(.accounted) }
        if mergesPages, !marksLate(flags), flags.canMergePages { flags.insert(.mergeable) }
        return flags
    }

    /// Whether `mg` comes only after the mapping has found no neighbour to merge with: what a driver maps, which may change
    /// its flags (mm/vma.c, can_set_ksm_flags_early), and before 6.17 everything (mm/mmap.c, ksm_add_vma).
    private func marksLate(_ flags: VMAFlags) -> Bool {
        !rules.marksPagesBeforeMerging || !rules.marksZeroDeviceEarly && flags.contains(.zeroDevice)
    }

    mutating func markMergeable(_ place: VMATree.Cursor, _ vma: VMA) {
        guard tree[place].start == vma.start, tree[place].end == vma.end, vma.flags.canMergePages else {
            return
        }
        tree[place].flags.insert(.mergeable)
    }

    /// A failed mapping over something: a file refuses after the old has gone, which an observation shows and of huge
    /// pages is known; a seal leaves the first split.
    private mutating func mmapFailed(_ call: Call) {
        let flags = call.mapFlags
        guard flags.contains(.fixed) else { return }
        let (start, end) = (call.arguments.0, call.arguments.0 &+ mappedLength(call, flags))
        if removedBeforeFailing(call, start, end) { return }
        switch call.error {
        case Errno.noMemory where flags.contains(.hugeTLB) && !call.flags.contains(.hasObservation):
            _ = removeRange(start, end)
            corrections.uncertain += 1
        case Errno.noMemory where rules.mappingCutsFirst: keepCuts(call, start, end)
        // Else it was no seal that refused, but a file that may not be executed, which is looked at before.
        case Errno.notPermitted where !showsUncut(call, at: start): removalFailed(start, end)
        case Errno.invalid where !showsUncut(call, at: start): keepFirstCut(start, end)
        default: break
        }
    }

    /// Memory that the kernel does not promise, or RLIMIT_AS: that is asked for when the ends of the range have been cut
    /// out of what lies there, which stays so (vms_abort_munmap_vmas). The limit and impossible addresses come before.
    private mutating func keepCuts(_ call: Call, _ start: UInt64, _ end: UInt64) {
        let isShown = call.flags.contains(.hasObservation)
        guard start < end, end <= Self.endOfAddresses,
            isShown ? call.observedStart == start : !isNearLimit
        else { return }
        for address in [start, end] { keepCut(at: address) }
    }

    /// TASK_SIZE of x86-64.
    static let endOfAddresses: UInt64 = 0x7FFF_FFFF_F000

    /// Whether the kernel showed nothing to be left of what the call was to replace, which is then removed (mm/vma.c,
    /// vms_abort_munmap_vmas: what was closed for the file's sake is not put back). A file of huge pages takes more away
    /// than the call says.
    mutating func removedBeforeFailing(_ call: Call, _ start: UInt64, _ end: UInt64) -> Bool {
        guard call.flags.contains(.hasObservation), call.observedStart >= end, end > start else {
            return false
        }
        _ = removeRange(start, call.observedStart)
        return true
    }
}

import TraceLog

/// Which limit a failed call ran into, and the numbers that show it.
struct FailureVerdict: Sendable {
    var cause: FailureCause
    var reason: String

    /// Nil where nothing was short and nothing in the way: a wrong argument, a moment's contention.
    /// - Parameter isCounted: whether the failed call's count leaves out nothing that was lost.
    static func of(_ failed: FailedCall, isCounted: Bool = true, kernelRelease: String) -> FailureVerdict? {
        guard let verdict = byLimits(failed, kernelRelease) else { return nil }
        if verdict.cause == .other, !isCounted, failed.limits?.maxMapCount != nil {
            let reason = "no other limit explains it, and what was lost may have made it reach that one"
            return FailureVerdict(cause: .uncertain, reason: reason)
        }
        return verdict
    }

    private static func byLimits(_ failed: FailedCall, _ kernelRelease: String) -> FailureVerdict? {
        let call = failed.call
        if let verdict = inTheWay(failed) { return verdict }
        let isShortage = Self.isShortage(call, kernelRelease)
        // RLIMIT_MEMLOCK is none for who has CAP_IPC_LOCK, and who has not hardly exceeds it at this very count. mlockall
        // fails for no VMA too many (Linux mm/mlock.c, apply_mlockall_flags).
        if isShortage, call.kind != .mlockall, let verdict = mapLimit(failed, kernelRelease) {
            return verdict
        }
        if let verdict = lockLimit(failed) { return verdict }
        guard isShortage else { return nil }
        if isHugePageAttempt(call) { return noHugePage(failed) }
        if [.madvise, .processMadvise, .prctl].contains(call.kind) { return nil }
        if call.kind == .munmap {
            return FailureVerdict(cause: .other, reason: "munmap failed below the map limit")
        }
        let verdict = byteLimit(failed)
        // malloc falls back to mmap where brk meets a neighbour: only a limit makes that an incident.
        return call.kind == .brk && verdict.cause == .other ? nil : verdict
    }

    /// What lay in the range that the call named.
    private static func inTheWay(_ failed: FailedCall) -> FailureVerdict? {
        if let hole = failed.hole, failed.call.error == Errno.noMemory {
            let size = ByteText.of(hole.upperBound - hole.lowerBound)
            return FailureVerdict(
                cause: .hole,
                reason:
                    "\(size) of its range, from 0x\(String(hole.lowerBound, radix: 16)) on, are not mapped")
        }
        return failed.seal.map {
            FailureVerdict(
                cause: .sealed,
                reason: "the VMA at 0x\(String($0.lowerBound, radix: 16)) in its range is sealed (mseal)")
        }
    }

    /// mlock says ENOMEM above the limit and EPERM where it is 0; what maps or moves locked memory says EAGAIN
    /// (Linux mm/mlock.c, mlock_future_ok).
    private static func lockLimit(_ failed: FailedCall) -> FailureVerdict? {
        let call = failed.call
        guard let limit = failed.limits?.lockedLimit, limit != .max else { return nil }
        let isLocking = locks(call) && (call.error == Errno.noMemory || call.error == Errno.notPermitted)
        guard isLocking || call.error == Errno.again && [.mmap, .mremap].contains(call.kind) else {
            return nil
        }
        let bytes = call.kind == .mlockall ? failed.limits?.mapped ?? 0 : growth(of: call)
        return exceeded(.rlimitMemlock, "RLIMIT_MEMLOCK", failed.limits?.locked ?? 0, bytes, limit)
    }

    private static func noHugePage(_ failed: FailedCall) -> FailureVerdict {
        let size = ByteText.of(failed.call.arguments.1)
        return FailureVerdict(
            cause: .hugePages,
            reason: "\(size) of huge pages (MAP_HUGETLB) were asked for, and too few are free")
    }

    /// ENOMEM; EAGAIN where madvise says so for a split, since 5.17, and naming, which came with it: there ENOMEM is a hole
    /// (Linux mm/madvise.c); an unchanged break.
    private static func isShortage(_ call: Call, _ release: String) -> Bool {
        switch call.kind {
        case .brk: return FailedCall.isFailure(call)
        case .madvise, .processMadvise, .prctl:
            let isOld = KernelVersion(release) < KernelVersion(major: 5, minor: 17)
            return call.error == Errno.again || isOld && call.error == Errno.noMemory
        default: return call.error == Errno.noMemory
        }
    }

    private static func isHugePageAttempt(_ call: Call) -> Bool {
        call.kind == .mmap && call.arguments.3 & 0x4_0000 != 0
    }

    // MARK: vm.max_map_count

    private static func mapLimit(_ failed: FailedCall, _ release: String) -> FailureVerdict? {
        guard let max = failed.limits?.maxMapCount.map({ Int(clamping: $0) }) else { return nil }
        guard failed.count >= lowestFailingCount(failed.call, max, release) else { return nil }
        return FailureVerdict(
            cause: .maxMapCount,
            reason: "the process had \(failed.count) VMAs and vm.max_map_count is \(max)")
    }

    /// The smallest map_count at which the kernel refuses the call (Linux mm/mmap.c, mm/vma.c, mm/mremap.c).
    private static func lowestFailingCount(_ call: Call, _ max: Int, _ release: String) -> Int {
        switch call.kind {
        case .mmap: return call.mapFlags.contains(.fixed) ? max : max + 1
        case .brk, .shmat, .ioSetup, .mapShadowStack: return max + 1
        case .mremap: return remapFailingCount(call.remapFlags, max, release)
        case .munmap: return max
        // A range inside one VMA needs two splits, and each is checked: the second meets what the first
        // added.
        default: return max - 1
        }
    }

    private static func remapFailingCount(_ flags: RemapFlags, _ max: Int, _ release: String) -> Int {
        if KernelVersion(release) >= KernelVersion(major: 7, minor: 2) {
            return flags.contains(.dontUnmap) ? max - 4 : max - 3
        }
        return !flags.isDisjoint(with: [.fixed, .dontUnmap]) ? max - 5 : max - 3
    }

    // MARK: limits in bytes

    private static func byteLimit(_ failed: FailedCall) -> FailureVerdict {
        let bytes = growth(of: failed.call)
        let limits = failed.limits ?? Limits()
        if bytes >= 1 << 47 {
            return FailureVerdict(
                cause: .addressSpace, reason: "\(ByteText.of(bytes)) are more than an address space holds")
        }
        if addsToAddressSpace(failed.call),
            let verdict = exceeded(.rlimitAS, "RLIMIT_AS", limits.mapped, bytes, limits.addressSpaceLimit)
        {
            return verdict
        }
        if isData(failed.call),
            let verdict = exceeded(
                .rlimitData, "RLIMIT_DATA", limits.privateWritable, bytes, limits.dataLimit)
        {
            return verdict
        }
        if isAccounted(failed.call, limits.overcommitMode), let verdict = overcommit(limits, bytes) {
            return verdict
        }
        if addsToAddressSpace(failed.call), let used = limits.mapped,
            used.addingReportingOverflow(bytes).partialValue >= 1 << 47
        {
            return FailureVerdict(
                cause: .addressSpace,
                reason: "\(ByteText.of(used)) are mapped and \(ByteText.of(bytes)) were asked for")
        }
        if let gap = failed.largestGap, gap < bytes {
            let place = failed.call.mapFlags.contains(.in32Bits) ? " below 2 GiB (MAP_32BIT)" : ""
            return FailureVerdict(
                cause: .addressSpace,
                reason: "no gap of \(ByteText.of(bytes)) is left between its mappings\(place)")
        }
        if let verdict = cgroup(limits) { return verdict }
        return FailureVerdict(
            cause: .other, reason: ofUnknownSize(failed.call, limits) ?? "no recorded limit explains it")
    }

    /// The kernel knows how large a segment is, and the log does not.
    private static func ofUnknownSize(_ call: Call, _ limits: Limits) -> String? {
        guard [.shmat, .ioSetup].contains(call.kind), let used = limits.mapped,
            let limit = limits.addressSpaceLimit, limit != .max
        else { return nil }
        let left = ByteText.of(limit > used ? limit - used : 0)
        return "how much was asked for is not recorded, and RLIMIT_AS, \(ByteText.of(limit)), leaves \(left)"
    }

    private static func exceeded(
        _ cause: FailureCause, _ name: String, _ used: UInt64?, _ bytes: UInt64, _ limit: UInt64?
    ) -> FailureVerdict? {
        guard let used, let limit, limit != .max, used.addingReportingOverflow(bytes).partialValue > limit
        else {
            return nil
        }
        return FailureVerdict(
            cause: cause, reason: "\(excess(used, bytes)) exceed \(name), \(ByteText.of(limit))")
    }

    private static func excess(_ used: UInt64, _ bytes: UInt64) -> String {
        let asked = "\(ByteText.of(bytes)) asked for"
        return used == 0 ? asked : "\(ByteText.of(used)) used and \(asked)"
    }

    /// Mode 2 counts everything; mode 0 refuses only what exceeds all RAM and swap at once (Linux mm/util.c,
    /// __vm_enough_memory; since 5.2).
    private static func overcommit(_ limits: Limits, _ bytes: UInt64) -> FailureVerdict? {
        switch limits.overcommitMode {
        case 2:
            return exceeded(
                .overcommit, "the commit limit (vm.overcommit_memory is 2)", limits.committed, bytes,
                limits.commitLimit)
        case 0:
            return exceeded(
                .overcommit, "memory and swap (vm.overcommit_memory is 0)", 0, bytes, limits.memoryTotal)
        default: return nil
        }
    }

    private static func cgroup(_ limits: Limits) -> FailureVerdict? {
        guard let limit = limits.cgroupLimit, let used = limits.cgroupUsed, limit != .max else { return nil }
        guard used >= limit - limit / 64 else { return nil }
        return FailureVerdict(
            cause: .cgroup, reason: "the cgroup uses \(ByteText.of(used)) of its \(ByteText.of(limit))")
    }

    /// Bytes the call would have added.
    private static func growth(of call: Call) -> UInt64 {
        let (a, b, c, _, _, _) = call.arguments
        return switch call.kind {
        case .mmap, .mapShadowStack, .mlock, .mlock2: b
        case .mprotect, .pkeyMprotect: c & 2 != 0 ? b : 0
        case .mremap: c > b ? c - b : 0
        case .brk: a > call.result ? a - call.result : 0
        default: 0
        }
    }

    private static func locks(_ call: Call) -> Bool {
        [.mlock, .mlock2, .mlockall].contains(call.kind)
    }

    /// What changes or locks memory that is mapped adds nothing to it.
    private static func addsToAddressSpace(_ call: Call) -> Bool {
        !locks(call) && call.kind != .mprotect && call.kind != .pkeyMprotect
    }

    /// Private and writable: counted against RLIMIT_DATA (Linux mm/mmap.c, is_data_mapping).
    private static func isData(_ call: Call) -> Bool {
        let protection = call.arguments.2
        return switch call.kind {
        case .mmap: protection & 2 != 0 && call.mapFlags.isPrivate
        case .mprotect, .pkeyMprotect: protection & 2 != 0
        case .mremap, .brk: true
        default: false
        }
    }

    /// Counted against what the kernel promises: data, and shared memory of no file's (mm/mmap.c, accountable_mapping;
    /// mm/shmem.c), unless MAP_NORESERVE says otherwise, which mode 2 ignores.
    private static func isAccounted(_ call: Call, _ overcommitMode: UInt64?) -> Bool {
        guard call.kind == .mmap else { return isData(call) }
        let flags = call.mapFlags
        if flags.contains(.noReserve), overcommitMode != 2 { return false }
        return isData(call) || !flags.isPrivate && flags.contains(.anonymous)
    }
}

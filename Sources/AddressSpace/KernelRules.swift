package import TraceLog

/// The differences between kernels that decide the layout, each named, with the version it came with
/// (stable releases backport some: what a probe measured should override these).
package struct KernelRules: Sendable, Equatable {
    /// MREMAP_DONTUNMAP makes a source of which all has moved one that was never written; 5.13 (mm/mremap.c).
    package var dontUnmapForgetsWrites = true
    /// madvise says EAGAIN for the ENOMEM of a split; 5.17 (mm/madvise.c).
    package var madviseSaysAgain = true
    /// brk expands only what lies behind mm->start_brk, not what the heap begins right behind; 6.1.
    package var heapExpandsItselfAlone = true
    /// What mremap lets grow in its place merges with the VMA that it reaches; 6.1 (mm/mremap.c; before it vma_adjust).
    package var growthJoinsNext = true
    /// mmap asks the next VMA for a merge, and the previous one only whether it may take in both: of two that were
    /// written apart the next grows, and one that was not stays apart; from 6.1 to 6.11 (mm/mmap.c, mmap_region).
    package var mmapAsksNextFirst = false
    /// A VMA with a close hook takes in a part of what follows it; 6.4 (mm/mmap.c, can_vma_merge_after).
    package var closeHookAllowsGrowthUp = true
    /// A VMA with a close hook vanishes whole into the one before it, without a call of the hook; from 6.4 to 6.7.11, not
    /// since 6.6.24 (mm/mmap.c, vma_merge, case 7).
    package var closeHookGoesUnasked = false
    /// Making an unwritten anonymous VMA non-writable drops `ac`; 6.7 (mm/mprotect.c, mprotect_fixup).
    package var unwrittenLosesAccounting = true
    /// MAP_STACK sets `nh`; 6.8 (include/linux/mman.h, calc_vm_flag_bits).
    package var stackMeansNoHugePage = true
    /// io_uring puts the pages of its rings into a VMA one by one: `mm`, where there were `io`, `pf` and `dd`; 6.10
    /// (io_uring/memmap.c; before it io_uring/io_uring.c, io_uring_mmap).
    package var ringPagesAreInserted = true
    /// Only a VMA that a merge would delete must have no close hook, no longer any that takes part; 6.12.
    package var closeHookBlocksDeletionOnly = true
    /// mmap cuts out what it is to replace before it asks whether there may be so much memory; 6.12 (mm/vma.c,
    /// __mmap_prepare; before it mm/mmap.c, mmap_region).
    package var mappingCutsFirst = true
    /// Seals are looked for VMA by VMA while a range is walked, no longer in all of it first; 6.12 (mm/mseal.c,
    /// can_modify_mm).
    package var sealsCheckedInWalk = true
    /// perf's rings are mapped at once, and by frames: `io` and `pf`; 6.14 (kernel/events/core.c, map_range).
    package var perfMapsFrames = true
    /// MREMAP_DONTUNMAP leaves `ac` on the source; not from 6.15 to 6.17 (mm/mremap.c, dontunmap_complete).
    package var dontUnmapKeepsAccounting = true
    /// mremap looks at what it is to move before it takes away what lies at the destination; 6.15 (mm/mremap.c,
    /// check_prep_vma; before it mremap_to).
    package var mremapChecksSourceFirst = true
    /// MADV_GUARD_INSTALL goes over files and shared memory as well; 6.15 (mm/madvise.c, is_valid_guard_vma).
    package var filesTakeGuards = true
    /// A range with an anon_vma merges into a neighbour without one; 6.16.
    package var unwrittenTargetAccepts = true
    /// Files without a place in the file system, as io_uring's and perf's, are never executed; 6.16 (fs/anon_inodes.c).
    package var anonymousFilesForbidExec = true
    /// mremap with MREMAP_FIXED moves several VMAs at once; 6.17.
    package var mremapMovesMany = true
    /// PR_SET_MEMORY_MERGE gives a new VMA `mg` before it is compared with its neighbours; 6.17 (mm/vma.c,
    /// ksm_vma_flags; before it mm/mmap.c, ksm_add_vma).
    package var marksPagesBeforeMerging = true
    /// MADV_GUARD_INSTALL sets `gu`, which no comparison sees and a merge keeps; seen in 6.18.44.
    package var guardIsSticky = true
    /// Private /dev/zero as well, whose driver says beforehand what it will change; 6.19 (drivers/char/mem.c,
    /// mmap_zero_prepare).
    package var marksZeroDeviceEarly = true
    /// Every mremap asks for room below the limit first, not only one that moves; 7.2.
    package var remapAlwaysNeedsRoom = true

    package static let newest = KernelRules()

    private init() {}

    /// The rules of a release such as "6.8.0-45-generic"; the newest where the text is no version.
    package init(kernelRelease: String) {
        guard let version = Self.version(of: kernelRelease) else { return }
        dontUnmapForgetsWrites = version >= (5, 13, 0)
        madviseSaysAgain = version >= (5, 17, 0)
        heapExpandsItselfAlone = version >= (6, 1, 0)
        growthJoinsNext = version >= (6, 1, 0)
        mmapAsksNextFirst = version >= (6, 1, 0) && version < (6, 12, 0)
        closeHookAllowsGrowthUp = version >= (6, 4, 0)
        closeHookGoesUnasked =
            version >= (6, 4, 0) && version < (6, 6, 24) || version >= (6, 7, 0) && version < (6, 7, 12)
        unwrittenLosesAccounting = version >= (6, 7, 0)
        stackMeansNoHugePage = version >= (6, 8, 0)
        ringPagesAreInserted = version >= (6, 10, 0)
        closeHookBlocksDeletionOnly = version >= (6, 12, 0)
        mappingCutsFirst = version >= (6, 12, 0)
        sealsCheckedInWalk = version >= (6, 12, 0)
        perfMapsFrames = version >= (6, 14, 0)
        dontUnmapKeepsAccounting = version < (6, 15, 0) || version >= (6, 18, 0)
        mremapChecksSourceFirst = version >= (6, 15, 0)
        filesTakeGuards = version >= (6, 15, 0)
        unwrittenTargetAccepts = version >= (6, 16, 0)
        anonymousFilesForbidExec = version >= (6, 16, 0)
        mremapMovesMany = version >= (6, 17, 0)
        marksPagesBeforeMerging = version >= (6, 17, 0)
        guardIsSticky = version >= (6, 18, 44)
        marksZeroDeviceEarly = version >= (6, 19, 0)
        remapAlwaysNeedsRoom = version >= (7, 2, 0)
    }

    /// The rules of the kernel under which a log was recorded: as it answered, else by its version.
    package init(_ facts: ProcessFacts) {
        self.init(kernelRelease: facts.kernelRelease)
        for (name, answer) in facts.kernelAnswers { learn(name, answer) }
    }

    /// Names that this version does not know say nothing.
    private mutating func learn(_ name: String, _ answer: Bool) {
        switch name {
        case "stack_means_no_huge_page": stackMeansNoHugePage = answer
        case "unwritten_loses_accounting": unwrittenLosesAccounting = answer
        case "close_hook_blocks_deletion_only": closeHookBlocksDeletionOnly = answer
        case "unwritten_target_accepts": unwrittenTargetAccepts = answer
        case "guard_is_sticky": guardIsSticky = answer
        case "dont_unmap_keeps_accounting": dontUnmapKeepsAccounting = answer
        case "mremap_moves_many": mremapMovesMany = answer
        case "seals_checked_in_walk": sealsCheckedInWalk = answer
        case "mmap_asks_next_first": mmapAsksNextFirst = answer
        case "growth_joins_next": growthJoinsNext = answer
        default: break
        }
    }

    private static func version(of release: String) -> (Int, Int, Int)? {
        let numbers = release.split(separator: ".", maxSplits: 2).map { part in
            Int(part.prefix(while: \.isASCIIDigit)) ?? 0
        }
        guard numbers.count >= 2, numbers[0] > 0 else { return nil }
        return (numbers[0], numbers[1], numbers.count > 2 ? numbers[2] : 0)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

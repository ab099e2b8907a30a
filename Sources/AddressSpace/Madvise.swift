import TraceLog

// madvise, as mm/madvise.c does it.
extension AddressSpace {
    mutating func madvise(_ call: Call) {
        let start = call.arguments.0
        let end = start &+ pageAligned(call.arguments.1)
        guard start & (pageSize - 1) == 0, end > start, let advice = MemoryAdvice(rawValue: call.arguments.2)
        else {
            return
        }
        switch advice {
        case .guardInstall: installGuards(start, end, call)
        case .populateWrite: populate(start, end, call.error)
        default: advise(start, end, advice, call)
        }
    }

    /// Holes are passed over, and reported as ENOMEM at the end; a VMA that refuses stops the walk (EINVAL), the
    /// limit as well (EAGAIN).
    private mutating func advise(_ start: UInt64, _ end: UInt64, _ advice: MemoryAdvice, _ call: Call) {
        var stop = end
        switch call.error {
        case 0, Errno.noMemory: break
        case Errno.again where isNearLimit: break
        case Errno.invalid: stop = firstRefusal(start, end, advice)
        case Errno.notPermitted where rules.sealsCheckedInWalk:
            stop = obstacle(start, end, \.refusesDiscard, inHoles: true) ?? start
        case Errno.notPermitted: return
        default:
            corrections.uncertain += 1
            return
        }
        if !call.succeeded { author.gaveUpBy = end }
        let isLimited = call.error == Errno.again || fellAtLimit(start, end, call.error)
        changeFlags(start, stop, limited: isLimited) { Self.advised($0, advice) ?? $0.flags }
    }

    /// Before 5.17 the limit made ENOMEM, as a hole does, which stops nothing.
    private func fellAtLimit(_ start: UInt64, _ end: UInt64, _ error: UInt16) -> Bool {
        guard !rules.madviseSaysAgain, error == Errno.noMemory, isNearLimit else { return false }
        return obstacle(start, end) { _ in false } == nil
    }

    /// Where the first VMA begins that refuses the advice; `start` where none is known to.
    private func firstRefusal(_ start: UInt64, _ end: UInt64, _ advice: MemoryAdvice) -> UInt64 {
        var cursor = tree.first(endingAbove: start)
        while !tree.isEnd(cursor), tree[cursor].start < end {
            if Self.advised(tree[cursor], advice) == nil { return max(start, tree[cursor].start) }
            cursor = tree.next(cursor)
        }
        return start
    }

    /// The flags of a VMA after an advice; nil where the kernel answers EINVAL (madvise_vma_behavior).
    private static func advised(_ vma: VMA, _ advice: MemoryAdvice) -> VMAFlags? {
        let flags = vma.flags
        switch advice {
        case .normal: return flags.subtracting([.randomRead, .sequentialRead])
        case .random: return flags.subtracting(.sequentialRead).union(.randomRead)
        case .sequential: return flags.subtracting(.randomRead).union(.sequentialRead)
        case .dontFork: return flags.union(.dontCopy)
        case .doFork: return flags.isDisjoint(with: .io) ? flags.subtracting(.dontCopy) : nil
        case .dontDump: return flags.union(.dontDump)
        case .doDump: return allowsDump(vma) ? flags.subtracting(.dontDump) : nil
        case .wipeOnFork: return vma.description == 0 && !vma.isShared ? flags.union(.wipeOnFork) : nil
        case .keepOnFork: return flags.contains(.droppable) ? nil : flags.subtracting(.wipeOnFork)
        case .mergeable: return vma.flags.canMergePages ? flags.union(.mergeable) : flags
        case .unmergeable: return flags.subtracting(.mergeable)
        case .hugePage: return flags.subtracting(.noHugePage).union(.hugePage)
        case .noHugePage: return flags.subtracting(.hugePage).union(.noHugePage)
        case .populateWrite, .guardInstall: return flags
        }
    }

    /// Every page is written up to the VMA that refuses (madvise_populate).
    private mutating func populate(_ start: UInt64, _ end: UInt64, _ error: UInt16) {
        let stop: UInt64?
        switch error {
        case 0: stop = end
        case Errno.noMemory: stop = obstacle(start, end) { _ in false }
        case Errno.invalid: stop = obstacle(start, end) { !$0.flags.contains(.write) || $0.isSpecial }
        case Errno.fault: stop = obstacle(start, end) { $0.flags.contains(.maybeGuard) }
        default: stop = start
        }
        if let stop { write(start, stop) } else { corrections.uncertain += 1 }
    }

    private static func allowsDump(_ vma: VMA) -> Bool {
        !vma.flags.contains(.droppable) && (vma.flags.contains(.hugeTLB) || !vma.isSpecial)
    }

    /// Guard regions split nothing: each VMA is marked whole, and anonymous memory gets an anon_vma; the first that is
    /// locked or special ends it (is_valid_guard_vma).
    private mutating func installGuards(_ start: UInt64, _ end: UInt64, _ call: Call) {
        guard [0, Errno.noMemory, Errno.invalid, Errno.notPermitted].contains(call.error) else { return }
        let exempt = VMAFlags.special.union([.hugeTLB, .locked])
        var cursor = tree.first(endingAbove: start)
        while !tree.isEnd(cursor), tree[cursor].start < end, tree[cursor].flags.isDisjoint(with: exempt) {
            if call.error == Errno.notPermitted, tree[cursor].refusesDiscard { return }
            if !rules.filesTakeGuards, !tree[cursor].isAnonymous { return }
            if rules.guardIsSticky { tree[cursor].flags.insert(.maybeGuard) }
            if tree[cursor].anon == 0, tree[cursor].isAnonymous { prepareAnon(cursor) }
            cursor = tree.next(cursor)
        }
    }
}

extension VMA {
    /// Whether a seal forbids advice that throws pages away: never where a file has them (mm/madvise.c,
    /// can_madvise_modify; before Linux 6.17 mm/mseal.c, is_ro_anon).
    var refusesDiscard: Bool { isSealed && isAnonymous && !flags.contains(.write) }
}

extension VMAFlags {
    /// Whether KSM may work on a VMA with these (vma_ksm_compatible).
    var canMergePages: Bool {
        isDisjoint(with: VMAFlags.special.union([.shared, .mayShare, .hugeTLB, .droppable]))
    }
}

import TraceLog

// mprotect and pkey_mprotect, as mm/mprotect.c (do_mprotect_pkey, mprotect_fixup) does them.
extension AddressSpace {
    mutating func mprotect(_ call: Call) {
        let (address, protection) = (call.arguments.0, call.arguments.2)
        guard call.arguments.1 > 0, address & (pageSize - 1) == 0 else { return }
        let end = address &+ pageAligned(call.arguments.1)
        let start = growsDownStart(address, protection)
        guard end > start else { return }
        let key = call.kind == .pkeyMprotect ? call.arguments.3 : .max
        guard call.succeeded else {
            if call.error == Errno.noMemory {
                if showsOldRights(call, at: start) { return keepFirstSplit(call, start, end) }
                learnFromFailure(call, at: start)
            }
            return mprotectFailed(call, start, end, protection, key)
        }
        protect(start, end, protection, key, limited: false)
    }

    /// With PROT_GROWSDOWN the range begins where its first VMA does, below the address or above.
    @inline(__always)
    private func growsDownStart(_ address: UInt64, _ protection: UInt64) -> UInt64 {
        guard protection & 0x0100_0000 != 0 else { return address }
        let cursor = tree.first(endingAbove: address)
        return !tree.isEnd(cursor) && tree[cursor].flags.contains(.growsDown) ? tree[cursor].start : address
    }

    @inline(__always)
    private mutating func protect(
        _ start: UInt64, _ end: UInt64, _ protection: UInt64, _ key: UInt64, limited: Bool
    ) {
        let (asked, rights) = (Self.rights(protection), given(protection))
        let losesAccounting = rules.unwrittenLosesAccounting
        changeFlags(start, end, limited: limited) {
            Self.protected($0, Self.held(rights, asked, by: $0), key, losesAccounting: losesAccounting)
        }
        if assumesWrites, rights.contains(.write) { write(start, end) }
    }

    /// What becomes of rights under READ_IMPLIES_EXEC: as asked where nothing may be executed.
    @inline(__always)
    private static func held(_ given: VMAFlags, _ asked: VMAFlags, by vma: VMA) -> VMAFlags {
        given == asked || vma.flags.contains(.mayExec) ? given : asked
    }

    /// The flags of a VMA under new rights: `ac` comes with the first write right, and goes from what was never
    /// written.
    @inline(__always)
    private static func protected(
        _ vma: VMA, _ rights: VMAFlags, _ key: UInt64, losesAccounting: Bool
    ) -> VMAFlags {
        var new = vma.flags.subtracting(.rights).union(rights)
        if key != .max { new = new.subtracting(.protectionKey).union(VMAFlags(protectionKey: key)) }
        if new == vma.flags { return new }
        if rights.contains(.write) {
            let counted: VMAFlags = [.accounted, .write, .hugeTLB, .mayShare, .noReserve]
            if vma.flags.isDisjoint(with: counted) { new.insert(.accounted) }
            if vma.isShared { new.formUnion([.shared, .mayWrite]) }
        } else if losesAccounting, vma.isAnonymous, vma.anon == 0 {
            new.remove(.accounted)
        }
        return new
    }

    /// The VMAs before the obstacle were changed; at the limit the first split stays.
    private mutating func mprotectFailed(
        _ call: Call, _ start: UInt64, _ end: UInt64, _ protection: UInt64, _ key: UInt64
    ) {
        let error = call.error
        let rights = given(protection)
        let stop: UInt64?
        switch error {
        case Errno.noMemory: stop = shortage(call, start, end)
        case Errno.access: stop = refused(call, start, end, asked: Self.rights(protection))
        case Errno.notPermitted where rules.sealsCheckedInWalk: stop = obstacle(start, end, \.isSealed)
        case Errno.invalid: return protectUpToWhole(call, start, end, key)
        default: return
        }
        if stop == nil, error != Errno.noMemory || !(isNearLimit || seenRights(call, at: start) == rights) {
            corrections.uncertain += 1
            return
        }
        author.gaveUpBy = end
        protect(start, stop ?? end, protection, key, limited: error == Errno.noMemory)
    }

    /// A VMA that cannot be cut at an end of the range ended the walk, if it is to change at all.
    private mutating func protectUpToWhole(_ call: Call, _ start: UInt64, _ end: UInt64, _ key: UInt64) {
        let (asked, rights) = (Self.rights(call.arguments.2), given(call.arguments.2))
        guard let whole = uncuttable(start, end), whole.flags.intersection(.rights) != rights || key != .max,
            let first = vma(containing: start), seenRights(call, at: start).map({ $0 == rights }) ?? true
        else { return }
        author.gaveUpBy = end
        if whole.start <= start { return keepFirstCut(start, end) }
        if !Self.allows(first.flags, asked) { return }
        protect(start, whole.start, call.arguments.2, key, limited: false)
    }

    /// Where ENOMEM ended the walk: in a hole, or at a VMA for which there was no memory to promise or no room below
    /// RLIMIT_DATA, which the kernel asks for VMA by VMA (mprotect_fixup). Near the limit the splits tell.
    private mutating func shortage(_ call: Call, _ start: UInt64, _ end: UInt64) -> UInt64? {
        let hole = obstacle(start, end) { _ in false }
        let rights = given(call.arguments.2)
        if isNearLimit { return hole }
        if let shown = shown(call, start..<(hole ?? end), with: rights) {
            // The tracer does not know what READ_IMPLIES_EXEC adds, and then has asked about the first VMA alone.
            let isLast = rights == Self.rights(call.arguments.2) && rights.contains(.write)
            return hole == nil || isLast && isCounted(at: shown) ? shown : hole
        }
        guard hole == nil, rights.contains(.write) else { return hole }
        corrections.uncertain += 1
        return obstacle(max(start, call.observedStart), end, Self.isCounted)
    }

    /// Whether what a VMA holds is counted when it can be written first.
    private static func isCounted(_ vma: VMA) -> Bool { vma.flags.isDisjoint(with: [.write, .mayShare]) }

    private func isCounted(at address: UInt64) -> Bool {
        vma(containing: address).map(Self.isCounted) ?? false
    }

    private func refused(_ call: Call, _ start: UInt64, _ end: UInt64, asked rights: VMAFlags) -> UInt64? {
        let (shown, known) = (
            shown(call, start..<end, with: given(call.arguments.2)), refusing(start, end, rights)
        )
        guard call.observedStart > start else { return known ?? shown ?? unchanged(call, start) }
        // Behind the first VMA the kernel is asked only for where the call came to (preload/tracer/doubt.c): that far all
        // had the new rights, whatever other threads have made of it before the answer.
        return shown ?? max(known ?? start, call.observedStart)
    }

    /// Where the first VMA begins of which the call is known to have been refused; a hole would have been another error.
    private func refusing(_ start: UInt64, _ end: UInt64, _ rights: VMAFlags) -> UInt64? {
        let stop = obstacle(start, end) { !Self.allows($0.flags, rights) }
        return stop.flatMap { vma(containing: $0) == nil ? nil : $0 }
    }

    /// Up to where the kernel showed the new rights after a call that was refused for what no log tells, as a file system
    /// that nothing may be executed from; nil if not even at the start.
    private func shown(_ call: Call, _ range: Range<UInt64>, with rights: VMAFlags) -> UInt64? {
        seenRights(call, at: max(range.lowerBound, call.observedStart)) == rights
            ? min(range.upperBound, call.observedEnd) : nil
    }

    /// The start, if the kernel showed other rights there after the call: PR_SET_MDWE or a security module refused it.
    private func unchanged(_ call: Call, _ start: UInt64) -> UInt64? {
        seenRights(call, at: start) == nil ? nil : start
    }

    /// Whether the kernel showed that not even the first VMA was changed. How many VMAs there were is not sure to one or
    /// two, where other threads' calls ran at the same time.
    private func showsOldRights(_ call: Call, at start: UInt64) -> Bool {
        guard let seen = seenRights(call, at: start), let vma = vma(containing: start) else { return false }
        let new = Self.held(given(call.arguments.2), Self.rights(call.arguments.2), by: vma)
        return seen == vma.flags.intersection(.rights) && seen != new
    }

    /// The rights that the kernel showed at an address after the call; nil if it was not asked.
    func seenRights(_ call: Call, at address: UInt64) -> VMAFlags? {
        guard call.flags.contains(.hasObservation), call.observedStart <= address, address < call.observedEnd,
            call.observedRights != Call.unknownRights
        else { return nil }
        return Self.rights(UInt64(call.observedRights))
    }

    /// Of a piece amid a VMA the split at its start stays if it is the one at its end that fails (mm/vma.c, vma_modify).
    private mutating func keepFirstSplit(_ call: Call, _ start: UInt64, _ end: UInt64) {
        guard call.observedStart == start, end < call.observedEnd else { return }
        let cursor = tree.first(endingAbove: start)
        if tree[cursor].start < start, tree[cursor].end == call.observedEnd {
            _ = split(cursor, at: start, new: .right)
        }
    }

    /// At the limit nothing is split: what the kernel then shows to begin amid a VMA went over to the next one, which
    /// only what was never written can, or what has the same anon_vma.
    private mutating func learnFromFailure(_ call: Call, at start: UInt64) {
        guard call.flags.contains(.hasObservation), call.observedStart >= start, !refusesAtLimit,
            count >= maxMapCount ?? .max
        else { return }
        let cursor = tree.first(endingAbove: start)
        guard !tree.isEnd(cursor), tree[cursor].start < start, tree[cursor].isAnonymous,
            tree[cursor].anon != 0, !tree[cursor].flags.contains(.surelyWritten)
        else { return }
        let next = tree.next(cursor)
        if !tree.isEnd(next), tree[next].anon == tree[cursor].anon { return }
        corrections.anonVMA += 1
        forgetAnon(&tree[cursor])
    }

    /// Whether the `m*` flags of a VMA permit these rights.
    private static func allows(_ flags: VMAFlags, _ rights: VMAFlags) -> Bool {
        (flags.rawValue >> 4) & rights.rawValue == rights.rawValue
    }

    /// Whether a call that splits twice could meet the limit, or was shown to have met it.
    var isNearLimit: Bool { author.uncut != 0 || maxMapCount.map { count + 1 >= $0 } ?? false }
}

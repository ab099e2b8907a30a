import TraceLog

// mremap, as mm/mremap.c does it.
extension AddressSpace {
    /// The call's numbers, lengths in whole pages.
    private struct Move {
        var source: UInt64
        var oldLength: UInt64
        var target: UInt64
        var newLength: UInt64
        /// MREMAP_FIXED
        var isFixed: Bool
        /// MREMAP_DONTUNMAP
        var keepsSource: Bool
        /// The end of the last VMA that the kernel showed to have arrived, of several that leave their source; 0 if none.
        var arrivedTo: UInt64 = 0

        /// What goes first that the kernel can show to have gone (preload/tracer/doubt.c asks there).
        var firstRemoved: Range<UInt64> {
            let start = newLength < oldLength ? source &+ newLength : target
            let length = newLength < oldLength ? oldLength &- newLength : newLength
            return start..<max(start, start &+ length)
        }
    }

    mutating func mremap(_ call: Call) {
        var move = Move(
            source: call.arguments.0, oldLength: pageAligned(call.arguments.1), target: call.result,
            newLength: pageAligned(call.arguments.2), isFixed: call.remapFlags.contains(.fixed),
            keepsSource: call.remapFlags.contains(.dontUnmap))
        if vma(containing: move.source)?.flags.contains(.hugeTLB) == true { alignToHugePages(&move) }
        guard call.succeeded else {
            move.target = call.arguments.4
            return mremapFailed(call, &move)
        }
        if move.target == move.source, !move.isFixed, !move.keepsSource { return resize(move) }
        if move.newLength < move.oldLength {
            _ = removeRange(move.source &+ move.newLength, move.source &+ move.oldLength)
            move.oldLength = move.newLength
        }
        learnFromOffset(call, move)
        relocate(move)
    }

    private mutating func mremapFailed(_ call: Call, _ move: inout Move) {
        if showsLast(call, move) {
            move.arrivedTo = call.observedEnd
            mremapFailed(move, call.error, hasArrived: true)
        } else if showsNothing(call, move) {
            removeBeforeMove(move)
        } else {
            let hasArrived = showsArrival(call, move)
            if hasArrived == true, move.keepsSource, call.error == Errno.noMemory {
                move.arrivedTo = call.observedEnd
            }
            mremapFailed(move, call.error, hasArrived: hasArrived)
        }
    }

    /// Private /dev/zero takes the offset of its new place only while it has no anon_vma, and of its file the kernel tells the
    /// offset (mm/vma.c, copy_vma). What may not be written by its rights can have been through /proc/PID/mem.
    private mutating func learnFromOffset(_ call: Call, _ move: Move) {
        let cursor = tree.first(endingAbove: move.source)
        guard call.flags.contains(.hasObservation), call.observedRights != Call.unknownRights,
            call.observedStart <= move.target, move.target < call.observedEnd, !tree.isEnd(cursor),
            tree[cursor].start <= move.source, tree[cursor].flags.contains(.zeroDevice),
            (tree[cursor].anon == 0) != call.sawOffsetFollow
        else { return }
        corrections.anonVMA += 1
        if call.sawOffsetFollow { return forgetAnon(&tree[cursor]) }
        tree[cursor].anon = newAnon()
        tree[cursor].flags.insert(.surelyWritten)
    }

    /// Lengths are whole huge pages (mm/mremap.c, align_hugetlb). Their size does not stand in the log where a file has
    /// them.
    private func alignToHugePages(_ move: inout Move) {
        let size = MapFlags.usualHugePageSize
        move.oldLength = (move.oldLength &+ size &- 1) & ~(size &- 1)
        move.newLength = (move.newLength &+ size &- 1) & ~(size &- 1)
    }

    /// Without a move: the tail goes, or the range behind joins.
    private mutating func resize(_ move: Move) {
        let (oldEnd, newEnd) = (move.source &+ move.oldLength, move.source &+ move.newLength)
        if newEnd < oldEnd { _ = removeRange(newEnd, oldEnd) }
        guard newEnd > oldEnd, let vma = vma(containing: move.source) else { return }
        let cursor = clear(oldEnd, newEnd, asked: false)
        let place =
            growAlone(vma, before: cursor, to: newEnd)
            ?? insertNew(part(of: vma, oldEnd, newEnd), at: cursor)
        if assumesWrites || vma.populatesWhenLocked { writeOne(place) }
    }

    /// Moves the end alone, where the kernel does not merge what is added: whatever it is before 6.1, what has a close hook
    /// before 6.4 (mremap: vma_adjust, vma_expand). Nil where it merges.
    private mutating func growAlone(_ vma: VMA, before cursor: VMATree.Cursor, to end: UInt64) -> VMATree
        .Cursor?
    {
        let merges =
            rules.growthJoinsNext && (rules.closeHookAllowsGrowthUp || !vma.flags.contains(.closeHook))
        guard !merges, let place = tree.previous(cursor), tree[place].start == vma.start else { return nil }
        tree.setRange(place, vma.start, end)
        return place
    }

    private mutating func relocate(_ move: Move) {
        if move.oldLength == 0 { return duplicate(move) }
        let end = move.source &+ move.oldLength
        var address = move.source
        while let vma = firstVMA(from: address, before: end) {
            let (from, to) = (max(vma.start, move.source), min(vma.end, end))
            if refusesAtLimit, meetsLimit(from, to, move) { return }
            moveOne(vma, from: from, to: to, move)
            address = to
        }
        if address == move.source { unknownSource(move) }
        if assumesWrites { write(move.target, move.target &+ move.newLength) }
    }

    /// In a trial: whether one of several VMAs is refused for the limit; its destination has gone by then (prep_move_vma).
    private mutating func meetsLimit(_ start: UInt64, _ end: UInt64, _ move: Move) -> Bool {
        let target = move.target &+ (start &- move.source)
        if move.isFixed { _ = removeRange(target, target &+ (end &- start)) }
        if !isBelowLimit(by: 3) { wasRefused = true }
        return wasRefused
    }

    private mutating func mremapFailed(_ move: Move, _ error: UInt16, hasArrived: Bool?) {
        let isOntoItself = move.oldLength == 0 && move.source &- move.target < move.newLength
        if error == Errno.fault, move.isFixed, isOntoItself, vma(containing: move.source) != nil {
            // The destination goes first, and the source with it (mremap_to).
            _ = removeRange(move.target, move.target &+ move.newLength)
        } else if refusedLate(move, error) {
            _ = removeRange(move.target, move.target &+ move.newLength)
            if move.newLength < move.oldLength {
                _ = removeRange(move.source &+ move.newLength, move.source &+ move.oldLength)
            }
        } else if move.isFixed, move.oldLength == move.newLength, rules.mremapMovesMany, !overlaps(move) {
            if error == Errno.notPermitted, !meetsSeal(move) { return }
            moveUntilRefused(move, error, hasArrived: hasArrived)
        } else if error == Errno.notPermitted, rules.sealsCheckedInWalk,
            vma(containing: move.source)?.isSealed == false
        {
            removeUntilSeal(move)
        }
    }

    /// Whether the source was found unfit only when the destination had gone, and the tail of what shrinks (mremap_to,
    /// before 6.15).
    private func refusedLate(_ move: Move, _ error: UInt16) -> Bool {
        guard move.isFixed, !rules.mremapChecksSourceFirst, let vma = vma(containing: move.source) else {
            return false
        }
        switch error {
        case Errno.fault, Errno.again: return true
        case Errno.invalid: return move.oldLength == 0 && !vma.isShared && !overlaps(move)
        default: return false
        }
    }

    /// A seal where something had to go: at the destination, which goes first, or in the tail that shrinking cuts off.
    /// Without one the destination lies below vm.mmap_min_addr, which is looked at last (mremap_to).
    private mutating func removeUntilSeal(_ move: Move) {
        if move.isFixed, !removes(move.target, move.target &+ move.newLength) { return }
        _ = removes(move.source &+ move.newLength, move.source &+ move.oldLength)
    }

    /// Whether a walk over several VMAs comes to a seal: else its first one was not let to where it was to go.
    private func meetsSeal(_ move: Move) -> Bool {
        holdsSeal(move.source, move.source &+ move.oldLength)
            || holdsSeal(move.target, move.target &+ move.newLength)
    }

    /// Whether a walk that is to leave its source behind comes to a VMA of which the kernel leaves none (check_prep_vma),
    /// and was not refused for its addresses before.
    private func meetsUngrowable(_ move: Move) -> Bool {
        move.keepsSource && (move.source | move.target) & (pageSize - 1) == 0
            && move.target &+ move.newLength <= Self.endOfAddresses
            && obstacle(move.source, move.source &+ move.oldLength, \.isUngrowable, inHoles: true) != nil
    }

    /// Removes the range unless a seal forbids it.
    private mutating func removes(_ start: UInt64, _ end: UInt64) -> Bool {
        let isSealed = holdsSeal(start, end)
        if isSealed { removalFailed(start, end) } else if start < end { _ = removeRange(start, end) }
        return !isSealed
    }

    func holdsSeal(_ start: UInt64, _ end: UInt64) -> Bool {
        obstacle(start, end, \.isSealed, inHoles: true) != nil
    }

    /// A walk over several VMAs leaves those moved that came before the one that refused (remap_move).
    /// - Parameter hasArrived: whether the kernel showed the first to have been moved, if it did show that.
    private mutating func moveUntilRefused(_ move: Move, _ error: UInt16, hasArrived: Bool?) {
        if error == Errno.noMemory, !(hasArrived ?? isBelowLimit(by: 5)) { return }
        if error == Errno.fault, hasArrived == false { return }
        if error == Errno.invalid, !meetsUngrowable(move) { return }
        let end = move.source &+ move.oldLength
        var address = move.source
        while let vma = firstVMA(from: address, before: end),
            vma.start <= move.source || address > move.source
        {
            let (from, to) = (max(vma.start, move.source), min(vma.end, end))
            let target = move.target &+ (from &- move.source)
            if refuses(vma, isOnly: address == move.source && vma.end >= end, error) { return }
            if error == Errno.notPermitted, holdsSeal(target, target &+ (to &- from)) {
                return removalFailed(target, target &+ (to &- from))
            }
            // The destination goes before the limit is looked at (prep_move_vma).
            if error == Errno.noMemory {
                _ = removeRange(target, target &+ (to &- from))
                let isShown = hasArrived == true && address == move.source
                if move.arrivedTo != 0 ? target >= move.arrivedTo : !isShown && !isBelowLimit(by: 3) {
                    return
                }
            }
            moveOne(vma, from: from, to: to, move)
            address = to
        }
    }

    /// Whether the kernel showed a hole behind a move that failed with ENOMEM: nothing has arrived, and what was in the way
    /// may have gone. How many VMAs there were is not sure to one or two, where other threads' calls ran at the same time.
    /// What lies amid the place of one that grows was there before: RLIMIT_AS and RLIMIT_DATA are asked before anything
    /// goes (check_prep_vma).
    private func showsNothing(_ call: Call, _ move: Move) -> Bool {
        // Near the limit the kernel refuses before anything goes (check_mremap_params): what is shown was there before.
        let isOld = move.keepsSource && vma(containing: move.target) != nil
        if isOld, !isBelowLimit(by: 5 + Self.callsAtOnce) { return false }
        let removed = move.firstRemoved
        let showsRest = move.newLength > move.oldLength && call.observedStart < removed.upperBound
        return call.error == Errno.noMemory && call.remapFlags.contains(.fixed)
            && call.flags.contains(.hasObservation)
            && call.observedStart > removed.lowerBound && !showsRest
    }

    /// Whether the kernel showed something else at the destination of a move that failed on its way than was there; nil
    /// if it was not asked, or what would arrive looks alike.
    private func showsArrival(_ call: Call, _ move: Move) -> Bool? {
        guard [Errno.noMemory, Errno.fault].contains(call.error), call.remapFlags.contains(.fixed),
            call.flags.contains(.hasObservation), move.newLength == move.oldLength
        else { return nil }
        if call.observedStart > move.target { return false }
        guard let seen = seenRights(call, at: move.target) else { return nil }
        guard let old = vma(containing: move.target) else { return true }
        let isSame =
            call.observedStart == old.start && call.observedEnd == old.end
            && seen == old.flags.intersection(.rights)
        guard isSame else { return true }
        if call.error == Errno.fault { return nil }
        return old.start >= move.target && looksAlike(old, move) ? nil : false
    }

    /// Whether the kernel showed a VMA behind the first to have arrived, of a walk that leaves its source and that RLIMIT_DATA
    /// or memory that is not promised refused on its way (mremap_to, vrm_calc_charge). Where nothing has arrived it shows
    /// what was there before, or what is left of that.
    private func showsLast(_ call: Call, _ move: Move) -> Bool {
        guard call.error == Errno.noMemory, move.isFixed, move.keepsSource,
            let seen = seenRights(call, at: call.observedStart),
            move.target < call.observedStart, call.observedStart < move.target &+ move.newLength
        else { return false }
        guard let old = vma(containing: call.observedStart) else { return true }
        return old.end != call.observedEnd || old.flags.intersection(.rights) != seen
    }

    /// Whether the first VMA that is to move would look like this one where it arrives, or is not known.
    private func looksAlike(_ old: VMA, _ move: Move) -> Bool {
        guard let vma = firstVMA(from: move.source, before: move.source &+ move.oldLength) else {
            return true
        }
        let length = min(vma.end, move.source &+ move.oldLength) &- max(vma.start, move.source)
        return length == old.end &- old.start
            && vma.flags.intersection(.rights) == old.flags.intersection(.rights)
    }

    /// What lay at the destination goes before the move is refused for the limit (move_vma) or for memory that the
    /// kernel does not promise, and so does the tail of what shrinks; of a walk over several VMAs the first has its own
    /// destination only (remap_move). A hole that was there before shows nothing of that, and near the limit the refusal came
    /// first: what goes makes room enough.
    private mutating func removeBeforeMove(_ move: Move) {
        let end = move.source &+ move.oldLength
        guard vma(containing: move.firstRemoved.lowerBound) != nil || isBelowLimit(by: 5 + Self.callsAtOnce),
            let vma = firstVMA(from: move.source, before: end)
        else { return }
        let isWalk = move.newLength == move.oldLength
        let length = isWalk ? min(vma.end, end) &- max(vma.start, move.source) : move.newLength
        if firstVMA(from: move.target, before: move.target &+ length) != nil {
            _ = removeRange(move.target, move.target &+ length)
        }
        if move.newLength < move.oldLength { _ = removeRange(move.source &+ move.newLength, end) }
    }

    private func isBelowLimit(by margin: Int) -> Bool { maxMapCount.map { count < $0 - margin } ?? false }

    private func overlaps(_ move: Move) -> Bool {
        move.source < move.target &+ move.newLength && move.target < move.source &+ move.oldLength
    }

    /// Whether the walk ends before this VMA with this error (vma_multi_allowed, check_prep_vma).
    private func refuses(_ vma: VMA, isOnly: Bool, _ error: UInt16) -> Bool {
        switch error {
        case Errno.fault:
            !isOnly
                && (identities.trait(of: vma.file).choosesItsPlace
                    || !vma.flags.isDisjoint(with: VMAFlags.userfault.union([.closeHook, .zeroDevice])))
        case Errno.notPermitted: vma.isSealed
        case Errno.invalid: vma.isUngrowable
        case Errno.noMemory: false
        default: true
        }
    }

    private func firstVMA(from address: UInt64, before end: UInt64) -> VMA? {
        let cursor = tree.first(endingAbove: address)
        guard address < end, !tree.isEnd(cursor), tree[cursor].start < end else { return nil }
        return tree[cursor]
    }

    /// Moves the piece of one VMA that the range covers (copy_vma, then the unmapping of the source). Each piece clears
    /// only its own destination: what lies under a gap between several stays (remap_move).
    private mutating func moveOne(_ vma: VMA, from start: UInt64, to end: UInt64, _ move: Move) {
        let target = move.target &+ (start &- move.source)
        let grows = end == move.source &+ move.oldLength ? move.newLength &- move.oldLength : 0
        var copy = part(of: vma, start, end)
        copy.start = target
        copy.end = target &+ (end &- start) &+ grows
        if vma.isAnonymous, vma.anon == 0 { copy.pgoff = target &>> pageShift }
        let place = insertNew(copy, at: clear(target, copy.end, asked: move.isFixed))
        dropUserfault(place)
        guard move.keepsSource else {
            _ = removeRange(start, end)
            if grows > 0, vma.populatesWhenLocked { write(target, copy.end) }
            return
        }
        let mergedWithSource = tree[place].start <= start && end <= tree[place].end
        leaveSource(start, end, isWhole: vma.start == start && vma.end == end && !mergedWithSource)
    }

    /// MREMAP_DONTUNMAP: the source stays, unlocked, and forgets that it was written if all of it moved
    /// (dontunmap_complete).
    private mutating func leaveSource(_ start: UInt64, _ end: UInt64, isWhole: Bool) {
        let cursor = tree.first(endingAbove: start)
        guard !tree.isEnd(cursor), tree[cursor].start < end else { return }
        tree[cursor].flags.subtract(.lockMask)
        if !rules.dontUnmapKeepsAccounting { tree[cursor].flags.remove(.accounted) }
        guard isWhole, rules.dontUnmapForgetsWrites else { return }
        forgetAnon(&tree[cursor])
    }

    /// Old size 0: a second mapping of the same shared memory.
    private mutating func duplicate(_ move: Move) {
        guard let vma = vma(containing: move.source) else { return unknownSource(move) }
        var copy = part(of: vma, move.source, vma.end)
        copy.start = move.target
        copy.end = move.target &+ move.newLength
        dropUserfault(insertNew(copy, at: clear(copy.start, copy.end, asked: move.isFixed)))
    }

    /// What has moved is watched no longer, unless the userfaultfd follows moves (mremap_userfaultfd_prep).
    private mutating func dropUserfault(_ place: VMATree.Cursor) {
        if tree[place].flags.isDisjoint(with: .userfault) { return }
        if UserfaultFeatures(of: extras[tree[place].extra].userfault).contains(.remap) { return }
        tree[place].flags.subtract(.userfault)
        tree[place].extra = extras.number(tree[place].extra) { $0.userfault = nil }
    }

    /// The model has nothing at the source: what arrives is taken for plain memory.
    private mutating func unknownSource(_ move: Move) {
        corrections.unobserved += 1
        let vma = VMA(
            start: move.target, end: move.target &+ move.newLength, pgoff: move.target &>> pageShift,
            flags: VMAFlags.may.union([.read, .write, .accounted]), time: author.time,
            owner: author.owner(.created))
        _ = insertNew(vma, at: clear(vma.start, vma.end, asked: move.isFixed))
    }

    /// A range with the attributes of `vma`, which need not lie in it, as a creation of the call.
    private func part(of vma: VMA, _ start: UInt64, _ end: UInt64) -> VMA {
        var part = vma
        part.pgoff &+= (start &- vma.start) &>> pageShift
        part.start = start
        part.end = end
        part.owner = author.owner(.created)
        part.time = author.time
        return part
    }
}

extension VMA {
    /// VM_DONTEXPAND or VM_PFNMAP
    fileprivate var isUngrowable: Bool { !flags.isDisjoint(with: [.dontExpand, .pfnMap]) }
}

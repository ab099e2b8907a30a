import TraceLog

// What an mremap that failed has changed on its way (mm/mremap.c).
extension AddressSpace {
    mutating func mremapFailed(_ call: Call, _ move: inout Move) {
        if call.error == Errno.invalid, move.oldLength > 0, isSoundMove(call) {
            moveUpToWhole(move)
        } else if showsLast(call, move) {
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

    private mutating func mremapFailed(_ move: Move, _ error: UInt16, hasArrived: Bool?) {
        let isOntoItself = move.oldLength == 0 && move.source &- move.target < move.newLength
        if error == Errno.fault, move.isFixed, isOntoItself,
            vma(containing: move.source)?.isUngrowable == false
        {
            // The destination goes first, and the source with it (mremap_to).
            _ = removeRange(move.target, move.target &+ move.newLength)
        } else if refusedLate(move, error) {
            _ = removeRange(move.target, move.target &+ move.newLength)
            if move.newLength < move.oldLength {
                _ = removeRange(move.source &+ move.newLength, move.source &+ move.oldLength)
            }
        } else if walks(move), !overlaps(move) {
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
        if error == Errno.invalid { return }
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

    func isBelowLimit(by margin: Int) -> Bool { maxMapCount.map { count < $0 - margin } ?? false }

    func overlaps(_ move: Move) -> Bool {
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
        case Errno.noMemory: false
        default: true
        }
    }
}

import TraceLog

// mremap, as mm/mremap.c does it.
extension AddressSpace {
    /// The call's numbers, lengths in whole pages.
    struct Move {
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
        if vma(containing: move.source)?.flags.contains(.hugeTLB) == true, !walks(move) {
            alignToHugePages(&move)
        }
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

    /// Whether several VMAs may be moved, one after the other (remap_move).
    func walks(_ move: Move) -> Bool {
        rules.mremapMovesMany && move.isFixed && move.oldLength == move.newLength
    }

    /// Lengths are whole huge pages (mm/mremap.c, align_hugetlb). Their size does not stand in the log where a file has
    /// them.
    private func alignToHugePages(_ move: inout Move) {
        move.oldLength = Self.wholeHugePages(move.oldLength)
        move.newLength = Self.wholeHugePages(move.newLength)
    }

    private static func wholeHugePages(_ end: UInt64) -> UInt64 {
        (end &+ MapFlags.usualHugePageSize &- 1) & ~(MapFlags.usualHugePageSize &- 1)
    }

    /// Where the piece of a VMA ends that is moved; each VMA's piece is aligned by itself.
    private func pieceEnd(_ vma: VMA, _ end: UInt64) -> UInt64 {
        let end = min(vma.end, end)
        return vma.flags.contains(.hugeTLB) ? min(vma.end, Self.wholeHugePages(end)) : end
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
            let (from, to) = (max(vma.start, move.source), pieceEnd(vma, end))
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

    func firstVMA(from address: UInt64, before end: UInt64) -> VMA? {
        let cursor = tree.first(endingAbove: address)
        guard address < end, !tree.isEnd(cursor), tree[cursor].start < end else { return nil }
        return tree[cursor]
    }

    /// Moves the piece of one VMA that the range covers (copy_vma, then the unmapping of the source). Each piece clears
    /// only its own destination: what lies under a gap between several stays (remap_move).
    mutating func moveOne(_ vma: VMA, from start: UInt64, to end: UInt64, _ move: Move) {
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

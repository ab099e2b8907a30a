import TraceLog

// What the kernel does not cut in two: it answers EINVAL (vm_ops->may_split; mm/vma.c, __split_vma), and what came before
// in the same call stays done.
extension AddressSpace {
    /// Whether a VMA may not be cut at an address within it. Of huge pages the usual size is taken for theirs (mm/hugetlb.c,
    /// hugetlb_vm_op_split).
    func staysWhole(_ vma: VMA, at address: UInt64) -> Bool {
        guard vma.start < address, address < vma.end else { return false }
        if vma.flags.contains(.hugeTLB) { return address & (MapFlags.usualHugePageSize - 1) != 0 }
        return identities.trait(of: vma.file).staysWhole
    }

    /// The VMA that cannot be cut at the start or at the end of a range; nil if both can be, or need not be.
    func uncuttable(_ start: UInt64, _ end: UInt64) -> VMA? {
        guard start < end, start & (pageSize - 1) == 0 else { return nil }
        if let first = vma(containing: start), staysWhole(first, at: start) { return first }
        return vma(containing: end - 1).flatMap { staysWhole($0, at: end) ? $0 : nil }
    }

    /// Whether an end of the range cannot be cut, so that nothing of it is removed; the cut at its start stays if that was
    /// made first (mm/vma.c, vms_gather_munmap_vmas).
    private mutating func removalStops(_ start: UInt64, _ end: UInt64) -> Bool {
        guard uncuttable(start, end) != nil else { return false }
        if let first = vma(containing: start), !staysWhole(first, at: start) { keepCut(at: start) }
        return true
    }

    /// What a removal that was refused with EINVAL leaves. Without an end that cannot be cut it was refused before.
    mutating func keepFirstCut(_ start: UInt64, _ end: UInt64) { _ = removalStops(start, end) }

    /// A move of a part of what stays whole: its destination goes first, and what shrinks loses its tail (mm/mremap.c,
    /// mremap_to, shrink_vma, prep_move_vma). Of several VMAs those before it have moved (remap_move).
    mutating func moveUpToWhole(_ move: Move) {
        let tail = (start: move.source &+ move.newLength, end: move.source &+ move.oldLength)
        let shrinks = move.newLength < move.oldLength
        guard move.isFixed else {
            if shrinks { keepFirstCut(tail.start, tail.end) }
            return
        }
        guard meetsWhole(move) else { return }
        if walks(move) { return moveSeveralUpToWhole(move) }
        if vma(containing: move.source).map({ isRefusedFirst($0, from: move.source, move) }) ?? true {
            return
        }
        if clearsForMove(move.target, move.target &+ move.newLength), shrinks {
            _ = clearsForMove(tail.start, tail.end)
        }
    }

    /// Whether one of the ranges that a move cuts out has an end that cannot be cut, or a VMA is refused by itself.
    private func meetsWhole(_ move: Move) -> Bool {
        let end = move.source &+ move.oldLength
        let ranges = [
            (move.target, move.target &+ move.newLength), (move.source, move.source &+ move.newLength),
            (move.source &+ move.newLength, end),
        ]
        let refused = obstacle(
            move.source, end, { isRefusedFirst($0, from: max($0.start, move.source), move) }, inHoles: true)
        return refused != nil || ranges.contains { uncuttable($0.0, $0.1) != nil }
    }

    /// Whether a piece is refused before anything goes: huge pages that would not lie as such (align_hugetlb), and of what
    /// cannot grow a move that leaves it behind (check_prep_vma).
    private func isRefusedFirst(_ vma: VMA, from address: UInt64, _ move: Move) -> Bool {
        if move.keepsSource, vma.isUngrowable { return true }
        let target = move.target &+ (address &- move.source)
        return vma.flags.contains(.hugeTLB) && (address | target) & (MapFlags.usualHugePageSize - 1) != 0
    }

    private mutating func moveSeveralUpToWhole(_ move: Move) {
        let end = move.source &+ move.oldLength
        var address = move.source
        while let vma = firstVMA(from: address, before: end) {
            let (from, to) = (max(vma.start, move.source), min(vma.end, end))
            let target = move.target &+ (from &- move.source)
            if isRefusedFirst(vma, from: from, move) { return }
            if !clearsForMove(target, target &+ (to &- from)) { return }
            if staysWhole(vma, at: from) || staysWhole(vma, at: to) { return }
            moveOne(vma, from: from, to: to, move)
            address = to
        }
    }

    /// Removes the range unless an end of it cannot be cut.
    private mutating func clearsForMove(_ start: UInt64, _ end: UInt64) -> Bool {
        if removalStops(start, end) { return false }
        _ = removeRange(start, end)
        return true
    }
}

extension VMA {
    /// VM_DONTEXPAND or VM_PFNMAP
    var isUngrowable: Bool { !flags.isDisjoint(with: [.dontExpand, .pfnMap]) }
}

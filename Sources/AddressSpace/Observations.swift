// One VMA as the kernel gave it right after a call: settles what the log cannot know.
extension AddressSpace {
    /// What the kernel had before the next call, which may work on what page faults have brought there: whatever grows
    /// down and ends in it has grown to its start.
    package mutating func noteGrowth(_ seen: Range<UInt64>) {
        let cursor = tree.first(endingAbove: seen.lowerBound)
        guard !tree.isEnd(cursor), tree[cursor].flags.contains(.growsDown),
            tree[cursor].start > seen.lowerBound, tree[cursor].end <= seen.upperBound
        else { return }
        moveStart(cursor, to: seen.lowerBound)
    }

    /// Makes the VMA `start ..< end` one of the set, and counts the cause where it was not.
    @inline(__always)
    mutating func reconcile(_ start: UInt64, _ end: UInt64) {
        let cursor = tree.first(endingAbove: start)
        if !tree.isEnd(cursor), tree[cursor].start == start, tree[cursor].end == end { return }
        if !tree.isEnd(cursor), tree[cursor].start > start, tree[cursor].end <= end,
            tree[cursor].flags.contains(.growsDown)
        {
            moveStart(cursor, to: start)
        }
        // The kernel is asked after the call: a range with a hole is what another thread's call made of it since.
        if obstacle(start, end, { _ in false }) != nil { return }
        force(start, end)
    }

    /// As above, for all boundaries but those that calls still to come may have moved. Rights that differ are their
    /// doing as well.
    mutating func reconcile(_ observed: Range<UInt64>, except isOpen: (UInt64) -> Bool) {
        let (start, end) = (observed.lowerBound, observed.upperBound)
        cut(isOpen(start) ? 0 : start, isOpen(end) ? 0 : end)
        var cursor = tree.first(endingAbove: start)
        while !tree.isEnd(cursor), tree[cursor].end < end {
            let next = tree.next(cursor)
            if joins(cursor, next), !isOpen(tree[cursor].end) {
                cursor = becomeOne(cursor, next)
            } else {
                cursor = next
            }
        }
    }

    private func joins(_ first: VMATree.Cursor, _ second: VMATree.Cursor) -> Bool {
        guard !tree.isEnd(second) else { return false }
        return tree[first].end == tree[second].start
            && (tree[first].maps == tree[second].maps || tree[second].start == author.gaveUpBy)
    }

    private mutating func force(_ start: UInt64, _ end: UInt64) {
        cut(start, end)
        fillGaps(start, end)
        var cursor = tree.first(endingAbove: start)
        while !tree.isEnd(cursor), tree[cursor].end < end {
            let next = tree.next(cursor)
            cursor = becomeOne(cursor, next)
        }
    }

    /// The kernel has as one what the model has as two.
    private mutating func becomeOne(_ first: VMATree.Cursor, _ second: VMATree.Cursor) -> VMATree.Cursor {
        if tree[second].start == author.gaveUpBy {
            takeBack(first, second)
        } else {
            learn(fromJoinOf: first, second)
        }
        return forceJoin(first, with: second)
    }

    /// The call could not split off the last piece of its range, and so did not change it.
    private mutating func takeBack(_ piece: VMATree.Cursor, _ rest: VMATree.Cursor) {
        corrections.uncertain += 1
        tree[piece].flags = tree[rest].flags
        (tree[piece].anon, tree[piece].extra) = (tree[rest].anon, tree[rest].extra)
    }

    /// The kernel's VMA covers addresses where the model has nothing.
    private mutating func fillGaps(_ start: UInt64, _ end: UInt64) {
        var address = start
        while address < end {
            let cursor = tree.first(endingAbove: address)
            let next = tree.isEnd(cursor) ? end : min(end, tree[cursor].start)
            if next > address {
                fill(address, next, before: cursor)
                address = next
            } else {
                address = tree[cursor].end
            }
        }
    }

    private mutating func fill(_ start: UInt64, _ end: UInt64, before cursor: VMATree.Cursor) {
        if !tree.isEnd(cursor), tree[cursor].start == end, tree[cursor].flags.contains(.growsDown) {
            return moveStart(cursor, to: start)
        }
        corrections.unobserved += 1
        let vma = VMA(
            start: start, end: end, pgoff: start &>> pageShift,
            flags: VMAFlags.may.union([.read, .write, .accounted]), time: author.time,
            owner: author.owner(.notObserved))
        _ = insert(vma, at: cursor)
    }
}

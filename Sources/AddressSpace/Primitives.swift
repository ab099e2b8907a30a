import TraceLog

/// Which piece of a split belongs to the call that split.
enum SplitSide { case left, right }

/// The call whose deeds are being done: the owner of what it creates or splits off.
struct Author {
    var stack = StackID.none
    var kind = CallKind.mmap
    /// CLOCK_MONOTONIC nanoseconds.
    var time: UInt64 = 0
    var thread: UInt32 = 0
    /// The end of the range of which a call that failed may have changed only a part; else 0.
    var gaveUpBy: UInt64 = 0
    /// The start of the range of a call that failed, where the kernel then showed no boundary; else 0.
    var uncut: UInt64 = 0
    /// The ends of the VMA that the kernel showed after a call that failed: a split there did not fail. Else 0.
    var cut: (start: UInt64, end: UInt64) = (0, 0)

    /// From the first piece that was given other attributes to the last.
    var modified: (start: UInt64, end: UInt64) = (.max, 0)

    /// Whether it would have failed with a hole in its range (mbind passes over holes to take a policy away).
    var needsAll: Bool {
        switch kind {
        case .mprotect, .pkeyMprotect, .madvise, .mlock, .mlock2, .munlock: gaveUpBy == 0
        default: false
        }
    }

    func owner(_ cause: Owner.Cause) -> Owner {
        Owner(stack: stack, cause: cause, kind: kind, thread: thread)
    }
}

extension AddressSpace {
    /// Puts a VMA into the set as it is.
    @inline(__always)
    mutating func insert(_ vma: VMA, at cursor: VMATree.Cursor) -> VMATree.Cursor {
        note(.appeared, vma)
        return tree.insert(vma, at: cursor)
    }

    /// Takes a whole VMA out, and returns the place of the next.
    @inline(__always)
    mutating func remove(_ cursor: VMATree.Cursor, byMerge: Bool = false) -> VMATree.Cursor {
        note(.vanished, tree[cursor], byMerge: byMerge)
        return tree.remove(cursor)
    }

    /// Splits the VMA at `cursor`; the new piece belongs to the call. Returns the place of the right piece.
    mutating func split(_ cursor: VMATree.Cursor, at address: UInt64, new side: SplitSide) -> VMATree.Cursor {
        let (start, end, file) = (tree[cursor].start, tree[cursor].end, tree[cursor].file)
        let right = tree.cut(cursor, at: address)
        tree[right].pgoff &+= (address &- start) &>> pageShift
        let owner = author.owner(.split)
        own(side == .left ? tree.previous(right) ?? right : right, owner)
        changes.append(
            Change(
                kind: .appeared, owner: owner, time: author.time, start: side == .left ? start : address,
                end: side == .left ? address : end, file: file))
        return right
    }

    /// As `split`, but returns the place of the left piece.
    @inline(__always)
    mutating func splitBehind(_ cursor: VMATree.Cursor, at address: UInt64, new side: SplitSide)
        -> VMATree.Cursor
    {
        tree.previous(split(cursor, at: address, new: side)) ?? cursor
    }

    @inline(__always)
    private mutating func own(_ cursor: VMATree.Cursor, _ owner: Owner) {
        tree[cursor].owner = owner
        tree[cursor].time = author.time
    }

    /// Moves a VMA's start, up or down.
    @inline(__always)
    mutating func moveStart(_ cursor: VMATree.Cursor, to start: UInt64) {
        let distance = Int64(bitPattern: start &- tree[cursor].start) &>> pageShift
        tree[cursor].pgoff &+= UInt64(bitPattern: distance)
        tree.setRange(cursor, start, tree[cursor].end)
    }

    /// Takes everything out of a range, whole VMAs or pieces; what a hole in a middle leaves at its right belongs to
    /// the call. Returns the place of the first VMA behind the range.
    @inline(__always)
    mutating func removeRange(_ start: UInt64, _ end: UInt64) -> VMATree.Cursor {
        var cursor = tree.first(endingAbove: start)
        guard !tree.isEnd(cursor), tree[cursor].start < end else { return cursor }
        if tree[cursor].start < start {
            if tree[cursor].end > end { return punch(cursor, start, end) }
            tree.setRange(cursor, tree[cursor].start, start)
            cursor = tree.next(cursor)
        }
        while !tree.isEnd(cursor), tree[cursor].end <= end {
            // Nothing of the range lies behind it; the next VMA need not be looked at.
            if tree[cursor].end == end { return remove(cursor) }
            cursor = remove(cursor)
        }
        if !tree.isEnd(cursor), tree[cursor].start < end { moveStart(cursor, to: end) }
        return cursor
    }

    /// Cuts a hole into the middle of a VMA; returns the place of what lies behind it.
    private mutating func punch(_ cursor: VMATree.Cursor, _ start: UInt64, _ end: UInt64) -> VMATree.Cursor {
        let right = split(cursor, at: end, new: .right)
        guard let left = tree.previous(right) else { return right }
        tree.setRange(left, tree[left].start, start)
        return right
    }

    /// Changes flags or `extra` over a range VMA by VMA, skipping what `edit` leaves as it is; a hole is passed over.
    /// False where the limit stopped it (only if `limited`).
    @inline(__always)
    @discardableResult
    mutating func change(
        _ start: UInt64, _ end: UInt64, limited: Bool = false,
        _ edit: (VMA) -> (flags: VMAFlags, extra: UInt32)
    ) -> Bool {
        guard start < end else { return true }
        var cursor = tree.first(endingAbove: start)
        if !tree.isEnd(cursor), tree[cursor].start > start {
            noteGrowth(cursor, over: start)
        }
        while !tree.isEnd(cursor), tree[cursor].start < end {
            let vma = tree[cursor]
            let new = edit(vma)
            if new.flags != vma.flags || new.extra != vma.extra {
                let (from, to) = (max(start, vma.start), min(end, vma.end))
                let done = modify(cursor, from, to, flags: new.flags, extra: new.extra, limited: limited)
                guard let done else { return false }
                // What is written next begins where the first change was.
                if vma.start <= start { tree.aim(at: done) }
                cursor = done
                if vma.populatesWhenLocked, !vma.flags.contains(.write) { writeOne(cursor) }
            }
            if vma.end >= end { break }
            cursor = tree.next(cursor)
        }
        return true
    }

    /// A call succeeded below what grows down, where the model has nothing: page faults have brought it there, which no
    /// log tells. The program's own stack goes on below that, where it runs.
    private mutating func noteGrowth(_ cursor: VMATree.Cursor, over start: UInt64) {
        let vma = tree[cursor]
        guard vma.flags.contains(.growsDown), start > pageSize, author.needsAll else { return }
        moveStart(cursor, to: vma.start..<vma.end ~= stackAddress ? start - pageSize : start)
    }

    /// As `change`, for flags alone.
    @inline(__always)
    @discardableResult
    mutating func changeFlags(
        _ start: UInt64, _ end: UInt64, limited: Bool = false, _ edit: (VMA) -> VMAFlags
    ) -> Bool {
        change(start, end, limited: limited) { (edit($0), $0.extra) }
    }

    /// The end of the part from `start` that has no VMA for which `isObstacle`, and no hole unless these are passed
    /// over (`inHoles`); nil if that is all.
    func obstacle(_ start: UInt64, _ end: UInt64, _ isObstacle: (VMA) -> Bool, inHoles: Bool = false)
        -> UInt64?
    {
        var address = start
        var cursor = tree.first(endingAbove: start)
        while address < end {
            if inHoles, tree.isEnd(cursor) || tree[cursor].start >= end { return nil }
            guard !tree.isEnd(cursor), inHoles || tree[cursor].start <= address, !isObstacle(tree[cursor])
            else {
                return address
            }
            address = tree[cursor].end
            cursor = tree.next(cursor)
        }
        return nil
    }

    /// Rounds a length up to whole pages.
    @inline(__always)
    func pageAligned(_ length: UInt64) -> UInt64 { (length &+ pageSize &- 1) & ~(pageSize &- 1) }

    /// Rounds an address down to its page.
    @inline(__always)
    func pageStart(_ address: UInt64) -> UInt64 { address & ~(pageSize &- 1) }
}

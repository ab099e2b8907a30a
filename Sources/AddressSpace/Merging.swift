/// Which neighbour would be expanded over the other (the kernel's `vmg->target`).
enum MergeTarget { case left, right }

extension AddressSpace {
    /// Whether two ranges that touch can become one VMA: the one place where attributes are compared
    /// (Linux mm/vma.c: is_mergeable_vma, can_vma_merge_before, can_vma_merge_after). `obstacles` names each part.
    @inline(__always)
    func mergeable(_ left: VMA, _ right: VMA, target: MergeTarget) -> Bool {
        left.end == right.start
            && differingFlags(left, right).isEmpty
            && left.description == right.description && left.extra == right.extra
            && continues(left, right)
            && !left.isSpecial && closeHooksAllow(left, right, target: target)
            && (target == .left ? anonAllows(left, right) : anonAllows(right, left))
    }

    /// The flags that keep two VMAs apart.
    @inline(__always)
    func differingFlags(_ left: VMA, _ right: VMA) -> VMAFlags {
        left.flags.symmetricDifference(right.flags).intersection(comparedFlags)
    }

    /// Whether the right one's offset goes on where the left one's stops, or would if what lies between were filled.
    @inline(__always)
    func continues(_ left: VMA, _ right: VMA) -> Bool {
        left.pgoff &+ (right.start &- left.start) &>> pageShift == right.pgoff
    }

    /// Whether `target` may take in `source` for all their anon_vmas say (is_mergeable_anon_vma).
    @inline(__always)
    func anonAllows(_ target: VMA, _ source: VMA) -> Bool {
        if target.anon == source.anon { return true }
        if target.anon != 0, source.anon != 0 { return false }
        if rules.unwrittenTargetAccepts {
            return !(target.anon == 0 ? source : target).flags.contains(.forked)
        }
        return target.anon != 0 && !target.flags.contains(.forked)
    }

    /// Before 6.12 a close hook kept a VMA from every merge, or from growing downwards.
    @inline(__always)
    func closeHooksAllow(_ left: VMA, _ right: VMA, target: MergeTarget) -> Bool {
        if rules.closeHookBlocksDeletionOnly || target == .left && rules.closeHookAllowsGrowthUp {
            return true
        }
        return left.flags.union(right.flags).isDisjoint(with: .closeHook)
    }

    /// Whether both neighbours of a filled hole may become one (can_vma_merge_right).
    @inline(__always)
    private func anonsAgree(_ left: VMA, _ right: VMA) -> Bool {
        left.anon == 0 || right.anon == 0 || left.anon == right.anon
    }

    /// Adds a range where nothing is, before `cursor`, merged with its neighbours if it can be; `onlyExpanding` as
    /// brk does, never into the next VMA. Returns the place of the VMA that holds it (vma_merge_new_range).
    /// - Parameter asksNextFirst: the previous VMA is asked only whether it may take in both.
    @inline(__always)
    mutating func insertNew(
        _ vma: VMA, at cursor: VMATree.Cursor, onlyExpanding: Bool = false, asksNextFirst: Bool = false
    ) -> VMATree.Cursor {
        let previous = tree.previous(cursor)
        var right = !onlyExpanding && !tree.isEnd(cursor) && mergeable(vma, tree[cursor], target: .right)
        let asksBoth = right && asksNextFirst
        let left =
            previous.map {
                mergeable(tree[$0], vma, target: .left)
                    && (!asksBoth || anonAllows(tree[$0], tree[cursor]))
            } ?? false
        guard left, let previous else {
            return right ? expand(down: cursor, over: vma) : insert(vma, at: cursor)
        }
        right = right && anonsAgree(tree[previous], tree[cursor]) && !tree[cursor].flags.contains(.closeHook)
        absorb(vma, into: previous)
        guard right else {
            tree.setRange(previous, tree[previous].start, vma.end)
            return previous
        }
        return join(previous, with: cursor)
    }

    /// Gives a part of a VMA other flags or another `extra`: moves the boundary to an equal neighbour, else splits.
    /// Returns the place of the VMA that then holds the part, nil where the limit forbade a split
    /// (vma_modify, vma_merge_existing_range).
    @inline(__always)
    mutating func modify(
        _ cursor: VMATree.Cursor, _ start: UInt64, _ end: UInt64, flags: VMAFlags, extra: UInt32,
        limited: Bool
    ) -> VMATree.Cursor? {
        author.modified = (min(author.modified.start, start), end)
        var part = tree[cursor]
        let whole = (start: part.start, end: part.end)
        part.pgoff &+= (start &- part.start) &>> pageShift
        part.start = start
        part.end = end
        part.flags = flags
        part.extra = extra
        if whole.start == start || whole.end == end, let merged = merge(part, of: cursor, whole) {
            return merged
        }
        return carve(part, from: cursor, whole, limited: limited)
    }

    /// The merge that `modify` tries first.
    @inline(__always)
    private mutating func merge(
        _ part: VMA, of cursor: VMATree.Cursor, _ whole: (start: UInt64, end: UInt64)
    ) -> VMATree.Cursor? {
        let previous = whole.start == part.start ? tree.previous(cursor) : nil
        let left = previous.map { mergeable(tree[$0], part, target: .left) } ?? false
        let next = whole.end == part.end ? tree.next(cursor) : cursor
        var right = whole.end == part.end && !tree.isEnd(next) && mergeable(part, tree[next], target: .right)
        guard left || right else { return nil }
        let removesPart = whole.start == part.start && whole.end == part.end
        if removesPart, part.flags.contains(.closeHook), !rules.closeHookGoesUnasked { return nil }
        guard left, let previous else { return mergeRight(part, cursor, next, removesPart: removesPart) }
        right = right && anonsAgree(tree[previous], tree[next]) && !tree[next].flags.contains(.closeHook)
        return mergeLeft(part, previous, cursor, removesPart: removesPart, joinsNext: right)
    }

    private mutating func mergeRight(
        _ part: VMA, _ cursor: VMATree.Cursor, _ next: VMATree.Cursor, removesPart: Bool
    ) -> VMATree.Cursor {
        let result = expand(down: next, over: part)
        guard removesPart else {
            tree.setRange(cursor, tree[cursor].start, part.start)
            return result
        }
        return remove(cursor, byMerge: true)
    }

    private mutating func mergeLeft(
        _ part: VMA, _ previous: VMATree.Cursor, _ cursor: VMATree.Cursor, removesPart: Bool, joinsNext: Bool
    ) -> VMATree.Cursor {
        absorb(part, into: previous)
        guard removesPart else {
            moveStart(cursor, to: part.end)
            tree.setRange(previous, tree[previous].start, part.end)
            return previous
        }
        let start = tree[previous].start
        let following = remove(cursor, byMerge: true)
        guard let survivor = tree.previous(following) else { return following }
        tree.setRange(survivor, start, part.end)
        return joinsNext ? join(survivor, with: following) : survivor
    }

    /// Lets the VMA at `cursor` grow downwards over `vma`.
    private mutating func expand(down cursor: VMATree.Cursor, over vma: VMA) -> VMATree.Cursor {
        absorb(vma, into: cursor)
        tree[cursor].pgoff = vma.pgoff
        tree.setRange(cursor, vma.start, tree[cursor].end)
        return cursor
    }

    /// Makes two VMAs one: the first stays, the second vanishes.
    private mutating func join(_ first: VMATree.Cursor, with second: VMATree.Cursor) -> VMATree.Cursor {
        let gone = tree[second]
        absorb(gone, into: first)
        let following = remove(second, byMerge: true)
        guard let survivor = tree.previous(following) else { return following }
        tree.setRange(survivor, tree[survivor].start, gone.end)
        return survivor
    }

    /// What a VMA takes over from one merged into it: an anon_vma if it has none, and the sticky flags.
    @inline(__always)
    private mutating func absorb(_ vma: VMA, into cursor: VMATree.Cursor) {
        if tree[cursor].anon == 0, vma.anon != 0 {
            tree[cursor].anon = vma.anon
            tree[cursor].flags.formUnion(vma.flags.intersection([.forked, .surelyWritten]))
        }
        tree[cursor].flags.formUnion(vma.flags.intersection(stickyFlags))
    }

    /// Makes two neighbours one whatever their attributes say, because the kernel was seen to have done so.
    mutating func forceJoin(_ first: VMATree.Cursor, with second: VMATree.Cursor) -> VMATree.Cursor {
        join(first, with: second)
    }

    /// Splits a VMA where no merge was possible and gives the part its new attributes; the part and what lies right
    /// of it belong to the call, a remainder beside a changed head or tail keeps its owner.
    @inline(__always)
    private mutating func carve(
        _ part: VMA, from cursor: VMATree.Cursor, _ whole: (start: UInt64, end: UInt64), limited: Bool
    ) -> VMATree.Cursor? {
        var place = cursor
        if whole.start < part.start {
            if limited || refusesAtLimit, refuses(at: part.start) { return nil }
            place = split(place, at: part.start, new: .right)
        }
        if part.end < whole.end {
            if limited || refusesAtLimit, refuses(at: part.end) { return nil }
            place = splitBehind(place, at: part.end, new: whole.start < part.start ? .right : .left)
        }
        tree[place].flags = part.flags
        tree[place].extra = part.extra
        return place
    }

    /// Whether the split to be made now fails for vm.max_map_count, remembered. How many VMAs there were is not sure to
    /// one or two, where other threads' calls ran at the same time; what the kernel showed is.
    private mutating func refuses(at address: UInt64) -> Bool {
        guard isAtLimit || address == author.uncut, address != author.cut.start, address != author.cut.end
        else { return false }
        wasRefused = true
        return true
    }

    /// Whether a split would fail for vm.max_map_count.
    var isAtLimit: Bool { maxMapCount.map { count >= $0 } ?? false }
}

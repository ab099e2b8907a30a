import TraceLog

// What a VMA that the kernel showed teaches about the hidden state.

// MARK: - Pieces that the kernel keeps apart
extension AddressSpace {
    /// The kernel has a boundary where the model has none, at either end of what it showed or at both.
    mutating func cut(_ start: UInt64, _ end: UInt64) {
        let behind = isInside(end) ? splitSeen(at: end, from: start) : false
        let before = isInside(start) ? splitSeen(at: start, from: start) : false
        if before {
            tell(start, from: start - 1, isNewMapping: author.kind == .mmap)
        } else if behind {
            let isNewMapping = author.kind == .mmap && isBoundary(start)
            tell(isNewMapping ? start : end, from: isNewMapping ? end : end - 1, isNewMapping: isNewMapping)
        }
    }

    private func isInside(_ address: UInt64) -> Bool {
        vma(containing: address).map { $0.start < address } ?? false
    }

    private func isBoundary(_ address: UInt64) -> Bool { vma(containing: address)?.start == address }

    /// Splits; false where only the start of what grows down moved, so that what was seen from `first` on begins before it.
    private mutating func splitSeen(at address: UInt64, from first: UInt64) -> Bool {
        let cursor = tree.first(endingAbove: address)
        let vma = tree[cursor]
        // Of the stack alone the model only guesses where it begins (noteGrowth).
        if vma.start..<vma.end ~= stackAddress, first == address || first < vma.start {
            moveStart(cursor, to: address)
            return false
        }
        _ = split(cursor, at: address, new: .right)
        return true
    }

    /// What must have told the VMA at `address` from its neighbour, which holds `other`: its file, or that both were
    /// written apart from each other.
    private mutating func tell(_ address: UInt64, from other: UInt64, isNewMapping: Bool) {
        let cursor = tree.first(endingAbove: address)
        if tree[cursor].description != 0, isNewMapping || tree[cursor].isShared {
            corrections.fileIdentity += 1
            tree[cursor].description = isNewMapping ? identities.renew() : identities.new()
            return
        }
        corrections.anonVMA += 1
        habits.noteBoundary(at: author.stack)
        let neighbour = tree.first(endingAbove: other)
        for place in [cursor, neighbour] {
            if tree[place].anon == 0 || place.isSame(as: cursor) { tree[place].anon = newAnon() }
            tree[place].flags.insert(.surelyWritten)
        }
    }
}

// MARK: - Pieces that the kernel has as one
extension AddressSpace {
    /// Why two neighbours that the model keeps apart could merge. The left one is made to say what both have in common.
    mutating func learn(fromJoinOf first: VMATree.Cursor, _ second: VMATree.Cursor) {
        let (left, right) = (tree[first], tree[second])
        let flags = differingFlags(left, right)
        if left.description != right.description {
            if left.description == 0 || right.description == 0 { return corrections.unobserved += 1 }
            corrections.fileIdentity += 1
            return identities.identify(with: left.description)
        }
        if !flags.subtracting(.accounted).isEmpty || left.extra != right.extra {
            return corrections.unobserved += 1
        }
        if !left.isAnonymous, !continues(left, right) { return corrections.unobserved += 1 }
        corrections.anonVMA += 1
        habits.noteJoin(at: author.stack)
        if flags.contains(.accounted) { forgetAccounting(first, second) }
        if !continues(left, right) { takeBirthplace(first, second) }
        agreeOnAnon(first, second)
    }

    /// Only what was never written loses `ac` with the right to write: that which still has it is that.
    private mutating func forgetAccounting(_ first: VMATree.Cursor, _ second: VMATree.Cursor) {
        for place in [first, second] where tree[place].flags.contains(.accounted) {
            tree[place].flags.remove(.accounted)
            forgetAnon(&tree[place])
        }
    }

    /// A move gives memory that was never written the offset of its new place (mm/mremap.c, copy_vma): whichever of
    /// the two has another one is that.
    private mutating func takeBirthplace(_ first: VMATree.Cursor, _ second: VMATree.Cursor) {
        for place in [first, second] where tree[place].pgoff != tree[place].start &>> pageShift {
            tree[place].pgoff = tree[place].start &>> pageShift
            forgetAnon(&tree[place])
        }
    }

    /// Two that were written apart, or came through fork, would not merge: one of them was not. What is sure stays.
    mutating func agreeOnAnon(_ first: VMATree.Cursor, _ second: VMATree.Cursor) {
        let (left, right) = (tree[first], tree[second])
        if left.anon == right.anon { return }
        let leftGoes =
            left.flags.contains(.surelyWritten) != right.flags.contains(.surelyWritten)
            ? right.flags.contains(.surelyWritten)
            : left.flags.contains(.forked) && !right.flags.contains(.forked)
        if left.anon != 0, right.anon != 0 || left.flags.contains(.forked) {
            forgetAnon(&tree[leftGoes || right.anon == 0 ? first : second])
        } else if right.flags.contains(.forked) {
            forgetAnon(&tree[second])
        }
    }
}

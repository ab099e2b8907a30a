/// The hidden state: which private VMAs were written, and which anon_vma that gave them. The default is that a
/// writable private VMA is written as soon as the call that made it so has returned.
extension AddressSpace {
    /// Lets the program write to every private writable VMA of a range: what each call that makes one does by itself.
    package mutating func noteWritten(_ range: Range<UInt64>) { write(range.lowerBound, range.upperBound) }

    @inline(__always)
    mutating func write(_ start: UInt64, _ end: UInt64) {
        var cursor = tree.first(endingAbove: start)
        while !tree.isEnd(cursor), tree[cursor].start < end {
            writeOne(cursor)
            if tree[cursor].end >= end { return }
            cursor = tree.next(cursor)
        }
    }

    @inline(__always)
    mutating func writeOne(_ cursor: VMATree.Cursor) {
        if tree[cursor].anon == 0, tree[cursor].isPrivateWritable { prepareAnon(cursor) }
    }

    /// Gives a VMA an anon_vma: the next one's or the previous one's if it may be shared, else a new one
    /// (Linux mm/vma.c: find_mergeable_anon_vma).
    mutating func prepareAnon(_ cursor: VMATree.Cursor) {
        let next = tree.next(cursor)
        if !tree.isEnd(next), sharesAnon(tree[cursor], tree[next], owner: tree[next]) {
            tree[cursor].anon = tree[next].anon
        } else if let previous = tree.previous(cursor),
            sharesAnon(tree[previous], tree[cursor], owner: tree[previous])
        {
            tree[cursor].anon = tree[previous].anon
        } else {
            tree[cursor].anon = newAnon()
        }
    }

    /// Whether a VMA may take the anon_vma of its neighbour `owner` (anon_vma_compatible, reusable_anon_vma).
    private func sharesAnon(_ left: VMA, _ right: VMA, owner: VMA) -> Bool {
        owner.anon != 0 && !owner.flags.contains(.forked) && couldShareAnon(left, right)
    }

    /// Whether two VMAs look like pieces that differ in rights alone.
    func couldShareAnon(_ left: VMA, _ right: VMA) -> Bool {
        left.end == right.start && left.description == right.description && haveSamePolicy(left, right)
            && differingFlags(left, right).subtracting(.rights).isEmpty && continues(left, right)
    }

    /// Names and userfaultfd contexts may differ.
    private func haveSamePolicy(_ left: VMA, _ right: VMA) -> Bool {
        left.extra == right.extra || extras[left.extra].policy == extras[right.extra].policy
    }

    /// Makes a VMA one that was never written.
    func forgetAnon(_ vma: inout VMA) {
        vma.anon = 0
        vma.flags.subtract([.forked, .surelyWritten])
    }

    mutating func newAnon() -> UInt32 {
        lastAnon &+= 1
        return lastAnon
    }
}

import TraceLog

/// The program break as brk calls and snapshots tell it; 0 while unknown.
struct Heap: Sendable, Codable {
    /// mm->start_brk.
    var start: UInt64 = 0
    /// mm->brk.
    var current: UInt64 = 0
}

// brk, as mm/mmap.c and mm/vma.c (do_brk_flags) do it.
extension AddressSpace {
    /// The range of the program break, its first byte and the current break; both 0 while unknown.
    package var programBreak: (start: UInt64, current: UInt64) { (heap.start, heap.current) }

    mutating func brk(_ call: Call) {
        if heap.current == 0 { learnBreak(call) }
        let old = pageAligned(heap.current)
        let new = pageAligned(call.result)
        let isKnown = heap.current != 0
        if heap.start == 0 { heap.start = call.result }
        heap.current = call.result
        guard isKnown else { return }
        if hasMoved(from: old, to: new, call) { return moveHeap(call) }
        if new < old { _ = removeRange(new, old) }
        if new > old { grow(old, new) }
    }

    /// A forked child whose parent had no heap yet grows one from a break that nothing told: where the VMA that the kernel
    /// shows begins, or what was there before ends.
    private mutating func learnBreak(_ call: Call) {
        let end = pageAligned(call.result)
        guard call.flags.contains(.hasObservation), call.observedEnd == end else { return }
        var first = call.observedStart
        var cursor = tree.first(endingAbove: first)
        if !tree.isEnd(cursor), tree[cursor].start <= first {
            first = tree[cursor].end
            cursor = tree.next(cursor)
        }
        guard first < end, tree.isEnd(cursor) || tree[cursor].start >= end else { return }
        heap = Heap(start: first, current: first)
    }

    /// Whether the break cannot have come from where it was known to be: prctl(PR_SET_MM) sets it and its start (kernel/sys.c,
    /// prctl_set_mm). brk goes below the start never, and up over nothing that is mapped.
    private func hasMoved(from old: UInt64, to new: UInt64, _ call: Call) -> Bool {
        if new < old { return call.result < heap.start && (vma(containing: new)?.end ?? 0) < old }
        let showsGrowth =
            call.flags.contains(.hasObservation) && call.observedStart <= old && new <= call.observedEnd
        return old < new && !showsGrowth && !isFree(old, new)
    }

    /// Nothing of the old heap goes; what has grown of the new one is the rest of the VMA that the kernel shows.
    private mutating func moveHeap(_ call: Call) {
        let end = pageAligned(call.result)
        guard call.flags.contains(.hasObservation), call.observedEnd == end else {
            heap.start = vma(containing: call.result &- 1)?.start ?? call.result
            return
        }
        heap.start = call.observedStart
        let first = vma(containing: heap.start)?.end ?? heap.start
        if first < end, isFree(first, end) { grow(first, end) }
    }

    private mutating func grow(_ start: UInt64, _ end: UInt64) {
        var vma = VMA(
            start: start, end: end, pgoff: start &>> pageShift,
            flags: VMAFlags.may.union(given(3)).union(.accounted).union(futureFlags), time: author.time,
            owner: author.owner(.created))
        vma.flags = accounted(vma.flags)
        let cursor = clear(start, end, asked: false)
        let place =
            mayExpand(before: cursor)
            ? insertNew(vma, at: cursor, onlyExpanding: true) : insert(vma, at: cursor)
        if mergesPages, !rules.marksPagesBeforeMerging { markMergeable(place, vma) }
        if assumesWrites || vma.populatesWhenLocked { writeOne(place) }
    }

    /// Whether the VMA before the heap's new part may take it in (mm/mmap.c, vma_prev_limit). Without randomization the
    /// program's own zeros end where its heap begins.
    private func mayExpand(before cursor: VMATree.Cursor) -> Bool {
        guard rules.heapExpandsItselfAlone, let previous = tree.previous(cursor) else { return true }
        return tree[previous].end > heap.start
    }
}

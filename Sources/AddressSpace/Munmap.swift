import TraceLog

// munmap, as mm/vma.c (do_vmi_align_munmap, vms_gather_munmap_vmas) does it.
extension AddressSpace {
    mutating func munmap(_ call: Call) {
        let end = call.arguments.0 &+ pageAligned(call.arguments.1)
        guard end > call.arguments.0 else { return }
        if call.succeeded {
            _ = removeRange(call.arguments.0, end)
        } else if call.error == Errno.notPermitted {
            removalFailed(call.arguments.0, end)
        } else if call.error == Errno.invalid {
            keepFirstCut(call.arguments.0, end)
        }
    }

    /// A seal in the range: nothing is removed, but the split at its start stays unless the sealed VMA is that one. Without
    /// one the call was refused before, as for a file that may not be executed.
    mutating func removalFailed(_ start: UInt64, _ end: UInt64) {
        guard rules.sealsCheckedInWalk, holdsSeal(start, end) else { return }
        if let first = vma(containing: start), !first.isSealed { keepCut(at: start) }
    }

    /// What a removal that was refused later has cut in two stays so; nothing if a VMA begins there.
    mutating func keepCut(at address: UInt64) {
        let cursor = tree.first(endingAbove: address)
        guard !tree.isEnd(cursor), tree[cursor].start < address else { return }
        _ = split(cursor, at: address, new: .right)
    }
}

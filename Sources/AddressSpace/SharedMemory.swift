import TraceLog

// shmat and shmdt, as ipc/shm.c does them.
extension AddressSpace {
    private static let readOnly: UInt64 = 0o10000
    private static let remap: UInt64 = 0o40000
    private static let exec: UInt64 = 0o100000

    /// The segment's size is not among the arguments: an attach is known from its observation, else only from the
    /// next snapshot.
    mutating func shmat(_ call: Call) {
        guard call.succeeded else {
            // SHM_REMAP over a seal.
            if call.error == Errno.notPermitted { removalFailed(call.arguments.1, .max) }
            return
        }
        guard call.observedEnd > call.result else {
            corrections.unobserved += 1
            return
        }
        let cursor = clear(call.result, call.observedEnd, asked: call.arguments.2 & Self.remap != 0)
        var vma = VMA(
            start: call.result, end: call.observedEnd, pgoff: 0,
            flags: attachFlags(call.arguments.2),
            time: author.time, description: identities.newSegment(size: call.observedEnd - call.result),
            file: call.file, owner: author.owner(.created))
        if call.sawHugePages { vma.flags.formUnion([.hugeTLB, .dontExpand]) }
        _ = insertNew(vma, at: cursor)
    }

    private func attachFlags(_ flags: UInt64) -> VMAFlags {
        let rights = given(flags & Self.exec != 0 ? 5 : 1)
        var result = VMAFlags.may.union(rights).union([.mayShare, .closeHook]).union(futureFlags)
        if flags & Self.readOnly != 0 {
            result.remove(.mayWrite)
        } else {
            result.formUnion([.shared, .write])
        }
        return result
    }

    /// Removes every piece of the attach that still lies where it was attached, behind the first as far as the segment
    /// could reach; one that is sealed refuses, and shmdt does not mind (ipc/shm.c, do_vmi_align_munmap).
    mutating func shmdt(_ call: Call) {
        let address = call.arguments.0
        guard call.succeeded else { return }
        guard let first = firstPiece(address) else {
            corrections.unobserved += 1
            return
        }
        let description = tree[first].description
        let size = identities.takeSegmentSize(description) ?? .max
        var cursor = tree[first].isSealed ? tree.next(first) : remove(first)
        while !tree.isEnd(cursor), tree[cursor].end &- address <= size {
            let isPiece = tree[cursor].description == description && isInPlace(tree[cursor], address)
            cursor = isPiece && !tree[cursor].isSealed ? remove(cursor) : tree.next(cursor)
        }
    }

    private func firstPiece(_ address: UInt64) -> VMATree.Cursor? {
        var cursor = tree.first(endingAbove: address)
        while !tree.isEnd(cursor),
            !(tree[cursor].flags.contains(.closeHook) && isInPlace(tree[cursor], address))
        {
            cursor = tree.next(cursor)
        }
        return tree.isEnd(cursor) ? nil : cursor
    }

    private func isInPlace(_ vma: VMA, _ address: UInt64) -> Bool {
        (vma.start &- address) &>> pageShift == vma.pgoff
    }
}

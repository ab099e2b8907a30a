import TraceLog

// prctl, as kernel/sys.c, mm/madvise.c (PR_SET_VMA) and mm/ksm.c (PR_SET_MEMORY_MERGE) do it.
extension AddressSpace {
    private static let setVMA: UInt64 = 0x5356_4D41
    private static let setMemoryMerge: UInt64 = 67

    mutating func prctl(_ call: Call) {
        switch call.arguments.0 {
        case Self.setVMA where call.arguments.1 == 0: nameRange(call)
        case Self.setMemoryMerge where call.succeeded: setPageMerging(call.arguments.1 != 0)
        default: break
        }
    }

    /// PR_SET_VMA_ANON_NAME: the kernel compares the text; the log has its address, which stands for it.
    /// A hole makes ENOMEM at the end, the limit EAGAIN.
    private mutating func nameRange(_ call: Call) {
        let isLimited = call.error == Errno.again && isNearLimit
        guard call.succeeded || call.error == Errno.noMemory || isLimited else { return }
        let start = call.arguments.2
        let end = start &+ pageAligned(call.arguments.3)
        guard end > start else { return }
        let name = call.arguments.4 == 0 ? nil : call.arguments.4
        if isLimited { author.gaveUpBy = end }
        changeExtra(start, end, limited: isLimited) { $0.name = name }
    }

    /// Marks or unmarks every VMA where it lies; nothing merges, and nothing happens where it was so already.
    private mutating func setPageMerging(_ isOn: Bool) {
        guard isOn != mergesPages else { return }
        mergesPages = isOn
        var cursor = tree.first(endingAbove: 0)
        while !tree.isEnd(cursor) {
            if !isOn { tree[cursor].flags.remove(.mergeable) }
            if isOn, tree[cursor].flags.canMergePages { tree[cursor].flags.insert(.mergeable) }
            cursor = tree.next(cursor)
        }
    }
}

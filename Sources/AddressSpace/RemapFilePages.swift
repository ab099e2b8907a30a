import TraceLog

// remap_file_pages, which the kernel emulates by a fixed mapping of the same file (mm/mmap.c).
extension AddressSpace {
    mutating func remapFilePages(_ call: Call) {
        let start = pageStart(call.arguments.0)
        let end = start &+ pageStart(call.arguments.1)
        guard call.succeeded, end > start, var vma = vma(containing: start) else { return }
        vma.start = start
        vma.end = end
        vma.pgoff = call.arguments.3
        // Of the old mapping only the rights and the lock stay.
        let kept = VMAFlags.rights.union(.may).union([.shared, .mayShare, .locked]).union(.modelOnly)
        vma.flags = vma.flags.intersection(kept).union(futureFlags)
        vma.extra = 0
        vma.owner = author.owner(.created)
        vma.time = author.time
        _ = insertNew(vma, at: removeRange(start, end))
    }
}

package import Analysis

/// Why a call is refused at the limit, and what the program sees of it.
package enum RefusalText {
    /// The kernel's rule in a sentence.
    package static func rule(_ refusal: LimitTrial.Refusal, limit: Int) -> String {
        let limit = NumberText.count(limit)
        switch refusal.check {
        case "mapping": return "a new mapping or a grown heap is refused above \(limit) VMAs"
        case "split": return "a split is refused from \(limit) VMAs on, and this call may need two"
        case "hole": return "a hole in the middle of a VMA leaves two, so it is refused from \(limit) VMAs on"
        default: return "mremap wants room for the VMAs that it may split, up to 5 below \(limit)"
        }
    }

    /// What the C library makes of the errno where the call came through it, else the call's own answer.
    package static func seen(_ refusal: LimitTrial.Refusal) -> String {
        let runtime = refusal.frames.prefix { $0.isInRuntime }.reversed().compactMap(\.function)
        for function in runtime {
            if let sentence = libraryAnswer(function, refusal.errno) { return sentence }
        }
        return ownAnswer(refusal)
    }

    private static let allocators = [
        "malloc", "calloc", "realloc", "memalign", "aligned_alloc", "valloc", "pvalloc",
    ]

    /// As measured on glibc 2.36 at the limit.
    private static func libraryAnswer(_ function: String, _ errno: String) -> String? {
        if function.contains("pthread_create") { return "pthread_create returns EAGAIN" }
        if function.contains("dlopen") || function.contains("dlmopen") {
            return "dlopen returns NULL (\"failed to map segment from shared object\" or \"out of memory\")"
        }
        if function.contains("fopen") { return "fopen returns NULL, if malloc finds no other memory" }
        if function == "free" || function.hasSuffix("_free") {
            return "free keeps the memory and says nothing; errno may be \(errno)"
        }
        guard allocators.contains(where: { function.contains($0) }) else { return nil }
        return "\(function) tries brk and then mmap; when both are refused it returns NULL with ENOMEM, "
            + "and C++ throws std::bad_alloc"
    }

    private static func ownAnswer(_ refusal: LimitTrial.Refusal) -> String {
        let name = refusal.call.prefix { $0 != "(" }
        let errno = refusal.errno
        switch name {
        case "mmap", "mremap", "shmat": return "\(name) returns -1 (MAP_FAILED) with \(errno)"
        case "brk": return "the break stays where it was: brk and sbrk return -1 with \(errno)"
        case "munmap": return "munmap returns -1 with \(errno), and everything stays mapped"
        default:
            let rest =
                refusal.check == "split" ? "; a first split and what came before it in the range stay" : ""
            return "\(name) returns -1 with \(errno)\(rest)"
        }
    }
}

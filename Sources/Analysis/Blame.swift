/// Which frame of a backtrace answers for a call.
///
/// The C library, the loader, allocators, the standard libraries of C++, Rust and Go, and what runtimes put between
/// themselves and the kernel do what their callers ask for.
extension RandomAccessCollection<SiteFrame> where Index == Int {
    /// The first frame outside them; the first outside libc and the loader if all are inside, nil in no backtrace.
    package var blamed: Int? {
        guard let outside = firstIndex(where: { !$0.isInTracer && !$0.isInRuntime }) else {
            return firstIndex { !$0.isInTracer }
        }
        return self[behindAllocator(from: outside)...].firstIndex { $0.canBeBlamed } ?? outside
    }

    /// An allocation function among the next frames makes all inside it parts of an allocator, wherever they lie.
    private func behindAllocator(from start: Index) -> Index {
        let near = self[start..<Swift.min(start + Blame.depth, endIndex)]
        return near.lastIndex { $0.allocates }.map { $0 + 1 } ?? start
    }
}

/// What is known of the code that is not to blame.
enum Blame {
    /// Frames from the first outside libc on among which the one to blame is looked for.
    static let depth = 24

    /// Allocators that are loaded in place of libc's, by the beginning of their file names.
    static let allocators = [
        "libjemalloc", "libtcmalloc", "libmimalloc", "librpmalloc", "libsnmalloc", "libscudo", "libtbbmalloc",
        "libhoard", "libmesh", "libhardened_malloc", "libumem",
    ]

    /// What allocators export; the frames inside are theirs.
    static let functions: Set<String> = [
        "malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc", "posix_memalign",
        "valloc",
        "pvalloc", "free", "cfree", "__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc", "__rust_dealloc",
        "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv",
    ]

    /// How names of C++'s, Rust's and Go's own libraries begin.
    static let standard = [
        "std::", "__gnu_cxx::", "__cxxabiv1::", "__gthread_create", "alloc::", "core::", "<std::", "<alloc::",
        "<core::",
        // HotSpot's and V8's layers over the system; HotSpot's is asked for with its module.
        "v8::base::", "v8::internal::VirtualMemory::", "v8::internal::AllocatePages",
        "v8::internal::SetPermissions",
        // Go's, and what it puts between itself and C.
        "syscall.", "runtime/internal/syscall.", "internal/runtime/syscall.", "internal/syscall/unix.",
        "golang.org/x/sys/unix.", "x_cgo_", "_cgo_", "runtime.callCgo", "runtime.asmcgocall",
        "runtime.systemstack",
        "runtime.mmap", "runtime.munmap", "runtime.madvise", "runtime.sys", "runtime.persistentalloc",
    ]
}

extension SiteFrame {
    /// Whether it is a function that allocates or frees memory for its caller.
    var allocates: Bool {
        guard let function else { return false }
        return Blame.functions.contains(function) || function.hasPrefix("operator new")
            || function.hasPrefix("operator delete")
    }

    fileprivate var canBeBlamed: Bool {
        !isInTracer && !isInRuntime && !isInAllocator && !allocates && !isInStandardLibrary
    }

    /// Whether its module is an allocator's.
    package var isInAllocator: Bool { FrameNamer.role(of: module) == .allocator }

    /// By the function's name, behind the type of its result, which instances of templates show first.
    private var isInStandardLibrary: Bool {
        guard let function else { return false }
        let name = function.hasPrefix("void ") ? String(function.dropFirst(5)) : function
        return Blame.standard.contains(where: name.hasPrefix)
            || module.hasPrefix("libjvm") && name.hasPrefix("os::")
    }
}

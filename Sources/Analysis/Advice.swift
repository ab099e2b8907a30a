/// One thing to change, with what it needs and where it is from.
struct Advice: Sendable {
    var pattern: Pattern
    /// Only for sites whose frames pass through a module of this name; nil: for all.
    var module: String?
    /// The kernel's first release that can do it.
    var kernel: KernelVersion?
    /// Whether a replay can try it (`Remedy`).
    var isReplayed = false
    var text: String
    var source: String

    /// What fits a site, the special before the general; the kernel's age is respected.
    static func texts(for pattern: Pattern?, modules: Set<String>, kernelRelease: String) -> [String] {
        guard let pattern else { return [] }
        let running = KernelVersion(kernelRelease)
        let fitting = knowledge.filter { $0.pattern == pattern && $0.fits(modules) }
        let special = fitting.filter { $0.module != nil }
        return (special + (special.isEmpty ? fitting : [])).map { $0.text(on: running) }
    }

    /// Whether a text that `texts` gave is one that a replay can try.
    static func isReplayed(_ text: String) -> Bool {
        knowledge.contains { $0.isReplayed && text.hasPrefix($0.text) }
    }

    private func fits(_ modules: Set<String>) -> Bool {
        guard let module else { return true }
        return modules.contains { $0.hasPrefix(module) }
    }

    /// A kernel that cannot do it is told so and not left to find out; an unknown one gets the condition.
    private func text(on running: KernelVersion) -> String {
        guard let kernel, running < kernel else { return text }
        let needed = "Linux \(kernel.major).\(kernel.minor)"
        return running.major == 0
            ? text : "\(text) (needs \(needed); this was recorded on \(running.major).\(running.minor))"
    }

    private static let raiseLimit =
        "Raising vm.max_map_count moves the end further away; it needs root and holds for the whole "
        + "host, containers included."

    static let knowledge: [Advice] = [
        Advice(
            pattern: .guardPage, module: "libruby",
            text:
                "Each live fiber holds two VMAs, its stack and its guard page (fiber_pool_expand in"
                + " cont.c): keep fewer alive by limiting concurrency, let them finish, drop references to"
                + " them.",
            source: "Ruby cont.c; rmosolgo/graphql-ruby#5128, #3913"),
        Advice(
            pattern: .guardPage, module: "libruby", text: raiseLimit,
            source: "Linux kernel/sysctl.c, mm/util.c"),
        Advice(
            pattern: .guardPage, kernel: KernelVersion(major: 6, minor: 13),
            isReplayed: true,
            text:
                "Make guards with madvise(MADV_GUARD_INSTALL) in place of mprotect(PROT_NONE): it "
                + "splits no VMA,"
                + " so an object and its guard are one.",
            source: "Linux mm/madvise.c; since 6.13 for private anonymous memory, 6.15 for files"),
        Advice(
            pattern: .guardPage,
            text: "Keep fewer guarded objects alive at once: limit their number, and reuse them from a pool.",
            source: "Tarantool #10169, ClickHouse #109734"),
        Advice(
            pattern: .threadStacks, module: "libjvm",
            text:
                "Each platform thread holds at least two VMAs, its stack and the JVM's guard zone in it: use a"
                + " bounded pool, or virtual threads (Java 21), whose stacks lie in the heap.",
            source: "HotSpot stackOverflow.cpp; JEP 444"),
        Advice(
            pattern: .threadStacks,
            text:
                "Run fewer threads at once: a bounded pool. Each thread's stack and its guard are two VMAs.",
            source: "glibc nptl/allocatestack.c"),
        Advice(
            pattern: .threadStacks, kernel: KernelVersion(major: 6, minor: 13),
            isReplayed: true,
            text:
                "glibc 2.42 and newer mark the guard with MADV_GUARD_INSTALL where the kernel can: one "
                + "VMA per stack.",
            source: "glibc nptl/allocatestack.c, by date 2.42"),
        Advice(
            pattern: .perPageMprotect,
            isReplayed: true,
            text:
                "Change the protection of large blocks, not of single pages; a JIT can map one memfd "
                + "twice (writable and"
                + " executable) and never call mprotect again.",
            source: "herumi/xbyak#13, dotnet/runtime#97316"),
        Advice(
            pattern: .perPageMprotect, kernel: KernelVersion(major: 4, minor: 9),
            text:
                "Where the processor has protection keys, pkey_set switches access without a system "
                + "call or a split.",
            source: "Linux Documentation/core-api/protection-keys.rst"),
        Advice(
            pattern: .reserveCommit,
            text:
                "Each range reserved with PROT_NONE and opened in part is two VMAs or more: reserve fewer and"
                + " larger ranges, and open them upwards from what is open already, which splits nothing.",
            source: "Linux mm/vma.c"),
        Advice(
            pattern: .decommit,
            isReplayed: true,
            text:
                "Give memory back with madvise(MADV_DONTNEED) and keep the protection: PROT_NONE in the "
                + "middle makes"
                + " three VMAs of one. With jemalloc the cause is vm.overcommit_memory=2, which turns "
                + "on its decommit.",
            source: "jemalloc#1328"),
        Advice(
            pattern: .interiorMunmap,
            isReplayed: true,
            text:
                "Freeing the middle of a mapping cuts it in two: keep the range and give back its memory with"
                + " madvise(MADV_DONTNEED) or MADV_FREE.",
            source: "Linux mm/vma.c; MADV_FREE since 4.5"),
        Advice(
            pattern: .interiorMunmap, module: "libjemalloc",
            text:
                "jemalloc's retain:true, its default on 64-bit Linux, keeps ranges mapped; retain:false "
                + "makes these holes.",
            source: "jemalloc opt.retain; #1324"),
        Advice(
            pattern: .smallFileMaps,
            isReplayed: true,
            text:
                "Read small files with pread, or keep many in one packed file that is mapped once; "
                + "unmap as soon as done.",
            source: "prometheus#5426, fluree/db#1598"),
        Advice(
            pattern: .smallFileMaps, module: "libjvm",
            text:
                "With Lucene, the property sharedArenaMaxPermits=1 lets a segment's files be unmapped "
                + "one by one.",
            source: "apache/lucene#13570, OpenSearch#18226"),
        Advice(
            pattern: .reopenedFile, isReplayed: true,
            text:
                "Open the file once and map all its parts through that descriptor: the kernel merges neighbours only"
                + " if they share the open file, or map the whole file at once.",
            source: "Linux mm/vma.c, is_mergeable_vma"),
        Advice(
            pattern: .smallAnonymousMaps,
            text: "Map one large block and hand out parts of it; unmap what is no longer needed.",
            source: "pytorch#60626, ClickHouse#5369"),
        Advice(
            pattern: .madviseFlags,
            isReplayed: true,
            text:
                "Flags set by madvise split VMAs and outlive their owner: give the whole arena the same "
                + "advice, and undo"
                + " MADV_DONTFORK with MADV_DOFORK on release.",
            source: "kvcache-ai/Mooncake#3639"),
        Advice(
            pattern: .mlockRanges, kernel: KernelVersion(major: 4, minor: 4),
            isReplayed: true,
            text:
                "Lock one whole arena and not each buffer; mlock2(MLOCK_ONFAULT) does so without filling it.",
            source: "Linux mm/mlock.c"),
        Advice(
            pattern: .mallocArenas,
            text:
                "Each malloc heap of 64 MiB is a used part and an unused tail, two VMAs: fewer arenas"
                + " (glibc.malloc.arena_max, MALLOC_ARENA_MAX) hold fewer of them.",
            source: "glibc malloc/arena.c; memcached#512"),
        Advice(
            pattern: .dlopen,
            text:
                "Each loaded library holds about five VMAs: load fewer, dlclose those no longer used, "
                + "and do not load"
                + " copies of the same one.",
            source: "glibc elf/dl-map-segments.h"),
        Advice(
            pattern: .numaPolicy,
            isReplayed: true,
            text: "Bind whole arenas, or set the thread's policy with set_mempolicy, which splits nothing.",
            source: "JustVugg/colibri#419"),
    ]
}

/// Every sentence of advice against a pattern.
///
/// Where it was not tried here or is not documented, the sentence says so.
extension Advice {
    static let knowledge: [Advice] = [
        Advice(
            pattern: .guardPage, mark: .module("libruby"),
            trial: .leaveOut,
            text:
                "Each live fiber holds two VMAs, its stack and its guard page (fiber_pool_expand in"
                + " cont.c): keep fewer alive by limiting concurrency, let them finish, drop references to"
                + " them.",
            source: "Ruby cont.c; rmosolgo/graphql-ruby#5128, #3913"),
        Advice(
            pattern: .guardPage, kernel: KernelVersion(major: 6, minor: 13),
            text:
                "Make guards with madvise(MADV_GUARD_INSTALL) in place of mprotect(PROT_NONE): it "
                + "splits no VMA,"
                + " so an object and its guard are one.",
            source: "Linux mm/madvise.c; since 6.13 for private anonymous memory, 6.15 for files"),
        Advice(
            pattern: .guardPage,
            trial: .leaveOut,
            text: "Keep fewer guarded objects alive at once: limit their number, and reuse them from a pool.",
            source: "tarantool/tarantool#10169, ClickHouse/ClickHouse#109734"),
        Advice(
            pattern: .threadStacks, mark: .module("libjvm"),
            trial: .leaveOut,
            text:
                "Each platform thread holds at least two VMAs, its stack and the JVM's guard zone in it: use a"
                + " bounded pool, or virtual threads (Java 21), whose stacks lie in the heap.",
            source: "HotSpot stackOverflow.cpp (JDK 17); JEP 444 (Java 21)"),
        Advice(
            pattern: .threadStacks,
            trial: .leaveOut,
            text:
                "Run fewer threads at once, from a bounded pool, and join those that have ended or start them detached:"
                + " until then their stacks stay. Each stack and its guard are two VMAs.",
            source: "glibc nptl/allocatestack.c 2.36; man 3 pthread_detach (man-pages 6.03)"),
        Advice(
            pattern: .threadStacks, kernel: KernelVersion(major: 6, minor: 13),
            text:
                "Use glibc 2.42 or newer, which marks the guard with MADV_GUARD_INSTALL where the kernel can: one"
                + " VMA per stack at most.",
            source: "glibc nptl/allocatestack.c 2.42; libc-alpha, January 2025, setup guard pages"),
        Advice(
            pattern: .perPageMprotect,
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
            source: "Linux 6.12 Documentation/core-api/protection-keys.rst"),
        Advice(
            pattern: .reserveCommit,
            text:
                "Each range reserved with PROT_NONE and opened in part is two VMAs or more: reserve fewer and"
                + " larger ranges, and open them upwards from what is open already, which splits nothing.",
            source: "Linux 6.12 mm/vma.c"),
        Advice(
            pattern: .decommit,
            text:
                "Give memory back with madvise(MADV_DONTNEED) and keep the protection: PROT_NONE in the "
                + "middle makes"
                + " three VMAs of one. With jemalloc the cause is vm.overcommit_memory=2, which turns "
                + "on its decommit.",
            source: "jemalloc/jemalloc#1328"),
        Advice(
            pattern: .interiorMunmap,
            text:
                "Freeing the middle of a mapping cuts it in two: keep the range and give back its memory with"
                + " madvise(MADV_DONTNEED) or MADV_FREE.",
            source: "Linux 6.12 mm/vma.c; MADV_FREE since 4.5"),
        Advice(
            pattern: .interiorMunmap, mark: .module("libjemalloc"),
            text:
                "jemalloc's retain:true, its default on 64-bit Linux, keeps ranges mapped; retain:false "
                + "makes these holes.",
            source: "jemalloc manual, opt.retain; jemalloc/jemalloc#970, #1567"),
        Advice(
            pattern: .smallFileMaps,
            text:
                "Read small files, and small parts of a file, with pread, or map a whole file once and take parts of that"
                + " (many small ones can be packed into it); unmap as soon as done.",
            source: "fluree/db#1598, FeatureBaseDB/featurebase#1888"),
        Advice(
            pattern: .smallFileMaps, mark: .module("libjvm"), isConditional: true,
            trial: .leaveOut,
            text:
                "If this is Lucene: 9.12 and newer keep a segment's files mapped until the last of them is closed;"
                + " -Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1 unmaps them one by one.",
            source: "apache/lucene#13570, #15078; opensearch-project/OpenSearch#18226, #19482"),
        Advice(
            pattern: .reopenedFile,
            text:
                "Open the file once and map all its parts through that descriptor: the kernel merges neighbours only"
                + " if they share the open file, or map the whole file at once.",
            source: "Linux 6.12 mm/vma.c, is_mergeable_vma"),
        Advice(
            pattern: .smallAnonymousMaps,
            text: "Map one large block and hand out parts of it; unmap what is no longer needed.",
            source: "ClickHouse/ClickHouse#5369"),
        Advice(
            pattern: .madviseFlags,
            text:
                "Flags set by madvise split VMAs and outlive their owner: give the whole arena the same "
                + "advice, and undo"
                + " MADV_DONTFORK with MADV_DOFORK on release.",
            source: "kvcache-ai/Mooncake#3639"),
        Advice(
            pattern: .mlockRanges, kernel: KernelVersion(major: 4, minor: 4),
            text:
                "Lock one whole arena and not each buffer; mlock2(MLOCK_ONFAULT) does so without filling it.",
            source: "Linux 6.12 mm/mlock.c"),
        Advice(
            pattern: .mallocArenas,
            text:
                "Each malloc heap of 64 MiB is a used part and an unused tail, two VMAs: MALLOC_ARENA_MAX=2 (or"
                + " GLIBC_TUNABLES=glibc.malloc.arena_max=2) lets threads share their heaps, which costs speed where"
                + " many allocate at once.",
            source:
                "man 3 mallopt, M_ARENA_MAX (glibc 2.10; the tunable 2.26); glibc malloc/arena.c 2.36;"
                + " memcached/memcached#512"),
        Advice(
            pattern: .dlopen,
            text:
                "Each loaded library holds about five VMAs: dlclose those no longer used, do not load copies of one"
                + " under other names, load fewer where a runtime never closes them.",
            source: "man 3 dlopen; glibc elf/dl-map-segments.h 2.36"),
        Advice(
            pattern: .numaPolicy,
            text: "Bind whole arenas, or set the thread's policy with set_mempolicy, which splits nothing.",
            source: "JustVugg/colibri#419, #429"),
        Advice(
            pattern: .interiorMunmap, mark: .libcAllocator,
            text:
                "free gives blocks above the mmap threshold (128 KiB, then up to 32 MiB) back one by one, and each may"
                + " leave a hole: a higher threshold keeps them in the heap (GLIBC_TUNABLES="
                + "glibc.malloc.mmap_threshold=33554432, or mallopt).",
            source: "man 3 mallopt, M_MMAP_THRESHOLD; glibc malloc/malloc.c 2.36"),
        Advice(
            pattern: .interiorMunmap, mark: .function("je_"),
            text:
                "jemalloc's retain:true, its default on 64-bit Linux, keeps ranges mapped: is retain:false set in"
                + " MALLOC_CONF?",
            source: "jemalloc manual, opt.retain, src/extent_mmap.c 5.3; jemalloc/jemalloc#970, #1567"),
        Advice(
            pattern: .decommit, mark: .module("libmimalloc"),
            text:
                "mimalloc takes the rights from memory that it gives back only in debug and secure builds (3.3): use the"
                + " plain library, or set MIMALLOC_PURGE_DECOMMITS=0, which resets in place. Not sure to help: one"
                + " large program only met the limit later.",
            source:
                "mimalloc src/prim/unix/prim.c, _mi_prim_decommit; docs, Environment Options (1.9, 2.2, 3.2);"
                + " flowlog-rs/flowlog#177"),
        Advice(
            pattern: .guardPage, mark: .module("libmimalloc"),
            text:
                "mimalloc makes guard pages only if it was built secure, or built guarded with"
                + " MIMALLOC_GUARDED_SAMPLE_RATE set: use the plain library, or sample more seldom.",
            source: "mimalloc src/prim/unix/prim.c, _mi_prim_protect; docs, Runtime Options (guarded_*), 2.2"),
        Advice(
            pattern: .madviseFlags, mark: .module("libibverbs"),
            text:
                "Each registration marks its buffer MADV_DONTFORK where fork protection is on, and not all undo it with"
                + " MADV_DOFORK on release: register one pool and use parts of it. Where"
                + " ibv_is_fork_initialized says IBV_FORK_UNNEEDED the kernel copies such pages at fork: do without.",
            source: "man 3 ibv_is_fork_initialized; kvcache-ai/Mooncake#3639, #3660; openucx/ucx#11573"),
        Advice(
            pattern: .madviseFlags, mark: .module("libcuda"),
            text:
                "Register one large pool with cudaHostRegister and hand out parts of it, not each buffer. Not sure: how"
                + " many VMAs a registration takes is not documented; one program was seen to fail at about 65,536"
                + " of them, counted over all its processes on a node.",
            source: "QMCPACK/qmcpack#5557 (2025)"),
        Advice(
            pattern: .mlockRanges, mark: .module("libcuda"),
            text:
                "Allocate pinned memory in one pool and hand out parts of it, not buffer by buffer. Not sure: how the"
                + " driver maps it is not documented.",
            source: "QMCPACK/qmcpack#5557 (2025)"),
        Advice(
            pattern: .sharedBuffers, mark: .module("libtorch"),
            trial: .leaveOut,
            text:
                "Each tensor that a DataLoader's worker sends is a mapping of its own: let workers collate batches, so"
                + " that few and large tensors are sent, and drop references to them. The sharing strategy changes"
                + " descriptors, not mappings.",
            source:
                "torch.multiprocessing, Sharing strategies (PyTorch 1.0 to 2.x); pytorch/pytorch#60626, #92134"
        ),
        Advice(
            pattern: .sharedBuffers,
            text:
                "Take parts of one shared segment (shm_open or memfd_create, mapped once) in place of a mapping for each"
                + " buffer: shared mappings without a file are a file each, and never merge.",
            source: "Linux 6.12 mm/shmem.c, shmem_zero_setup; man 3 shm_open"),
        Advice(
            pattern: .threadStacks, mark: .module("libtensorflow"),
            trial: .leaveOut,
            text:
                "Each tf.data iterator has threads of its own, and a pool besides where"
                + " options.threading.private_threadpool_size is set (0: a thread per processor): leave that unset or"
                + " small, and drop iterators after use. Whether these are its threads the backtrace must tell.",
            source:
                "tf.data.ThreadingOptions; tensorflow/core/data/root_dataset.cc, private_threadpool_size (TensorFlow 2.12)"
        ),
        Advice(
            pattern: .madviseFlags, mark: .function("runtime."),
            text:
                "Go up to 1.21.3 marks parts of its heap MADV_HUGEPAGE and MADV_NOHUGEPAGE, and each mark may split: use"
                + " 1.21.4 or newer. Go's own calls are seen only in its shared libraries.",
            source: "golang/go#61718, #64332"),
        Advice(
            pattern: .sharedBuffers, mark: .module("libcoreclr"),
            trial: .leaveOut,
            text:
                ".NET maps code twice (memfd:doublemapper) to keep it from being writable and executable at once:"
                + " DOTNET_EnableWriteXorExecute=0 maps it once. Not sure to help: the pieces may become anonymous ones.",
            source: "dotnet/runtime#89776, #97316; microsoft/one-collect#295 (.NET 7 and 8)"),
        Advice(
            pattern: .perPageMprotect, mark: .module("libcoreclr"),
            text:
                "DOTNET_EnableWriteXorExecute=0 keeps .NET from changing the rights of its code page by page.",
            source: "dotnet/runtime#54954 (.NET 7)"),
        Advice(
            pattern: .reserveCommit, mark: .module("node"), isConditional: true,
            trial: .leaveOut,
            text:
                "If it runs WebAssembly: each WebAssembly.Memory reserves 8 GiB or more with guards around it: create fewer instances, and reuse"
                + " them; end worker threads that are idle.",
            source: "nodejs/node#41319, #56596, #60591 (Node 17 to 25)"),
        Advice(
            pattern: .perPageMprotect, mark: .module("node"),
            trial: .leaveOut,
            text:
                "V8 switches its code pages between writable and executable: --jitless makes no code at all, at a price"
                + " in speed. Not sure how much it saves: try it.",
            source: "v8.dev/blog/jitless (V8 7.4); nodejs/node#26758"),
        Advice(
            pattern: .smallFileMaps, mark: .module("libjvm"), isConditional: true,
            trial: .leaveOut,
            text:
                "If this is Elasticsearch: it maps every file of a segment; node.store.allow_mmap: false reads instead, fewer shards and"
                + " a merge to fewer segments map less. Its own check asks for a vm.max_map_count of 262,144 or more, newer"
                + " guides for 1,048,576.",
            source:
                "Elasticsearch reference, Store and Increase virtual memory: 262,144 in 6.8 to 8.15, 1,048,576 in 8.17"
        ),
        Advice(
            pattern: .threadStacks, mark: .module("libruby"),
            trial: .leaveOut,
            text:
                "Each Ruby thread has a native stack and its guard: bound the pools (RAILS_MAX_THREADS, Puma's threads).",
            source:
                "Ruby thread_pthread.c 3.1; Puma README, Thread Pool (6); config/puma.rb of Rails 5.0 to 8.0"),
        Advice(
            pattern: .namedRanges, kernel: KernelVersion(major: 5, minor: 17),
            text:
                "Name whole arenas and not parts of them: neighbours of different names (PR_SET_VMA_ANON_NAME) do not"
                + " merge.",
            source: "Linux 6.12 mm/madvise.c, anon_vma_name_eq"),
        Advice(
            pattern: .mixedFlags,
            text:
                "Map neighbours with the same flags: MAP_NORESERVE on one of them keeps two apart, and so does MAP_STACK"
                + " since Linux 6.8.",
            source:
                "Linux 6.12 mm/mmap.c, VM_NORESERVE and VM_ACCOUNT; include/linux/mman.h, _calc_vm_trans(MAP_STACK)"
        ),
    ]
}

/// What to change where a limit other than vm.max_map_count was hit.
struct CauseAdvice: Sendable {
    var cause: FailureCause
    var text: String
    var source: String

    static let knowledge = [
        CauseAdvice(
            cause: .rlimitAS,
            text:
                "Map less, or raise RLIMIT_AS where the program is started: ulimit -v, LimitAS= of systemd.",
            source: "man 2 setrlimit (man-pages 6.03); man 5 systemd.exec (252)"),
        CauseAdvice(
            cause: .rlimitData,
            text:
                "Map less, or raise RLIMIT_DATA where the program is started: ulimit -d, LimitDATA= of systemd.",
            source: "man 2 setrlimit (mmap since Linux 4.7); man 5 systemd.exec"),
        CauseAdvice(
            cause: .rlimitMemlock,
            text:
                "Lock less, or raise RLIMIT_MEMLOCK where the program is started: ulimit -l, LimitMEMLOCK= of systemd.",
            source: "man 2 mlock (man-pages 6.03); man 5 systemd.exec (252)"),
        CauseAdvice(
            cause: .overcommit,
            text:
                "Ask for less at once; what is only reserved can be mapped with PROT_NONE, which is not counted."
                + " vm.overcommit_memory=1 grants everything, for the whole host.",
            source: "Linux 6.12 Documentation/mm/overcommit-accounting.rst"),
        CauseAdvice(
            cause: .addressSpace,
            text:
                "Reserve smaller ranges or give them back earlier: no setting enlarges the address space. A huge length"
                + " may be a computation gone wrong.",
            source: "Linux 6.12 Documentation/arch/x86/x86_64/mm.rst"),
        CauseAdvice(
            cause: .cgroup, text: "Use less, or raise memory.max of the cgroup.",
            source: "Linux 6.12 Documentation/admin-guide/cgroup-v2.rst"),
    ]
}

/// How vm.max_map_count is raised, what that reaches, and what it costs.
package enum LimitKnowledge {
    package static let source =
        "Linux 6.12 Documentation/admin-guide/sysctl/vm.rst; man 8 sysctl, man 5 sysctl.d (procps 4.0); opencontainers/runc"
        + " libcontainer/configs/validate (1.1); bytes of slab counted on Linux 6.18"
    package static let steadyUse =
        "yes, if the count stays bounded; where it grows for ever this only delays the end: record it"
    package static let noUse = "no need: nobody is near; these would be the commands"
    package static let scope =
        "the whole host: a container cannot have its own value (docker run --sysctl refuses it), and only the host's root"
        + " can write it"
    /// Kernel memory of a VMA, in bytes: never written, and written, with its anon_vma.
    package static let bytes = 240...410

    /// Holds until the next boot.
    package static func now(_ value: Int) -> String { "sysctl -w vm.max_map_count=\(value)" }

    /// Read at each boot, and by `sysctl --system`.
    package static func forGood(_ value: Int) -> String {
        "echo vm.max_map_count=\(value) >/etc/sysctl.d/99-max-map-count.conf"
    }
}

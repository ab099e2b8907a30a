package import TraceLog

extension CallKind {
    /// The name of the system call.
    package var systemCall: String { CallNames.name(of: self) }
}

/// The kernel's constants by the names strace gives them (Linux uapi: mman.h, mempolicy.h, shm.h, prctl.h).
enum CallNames {
    typealias Table = [(bit: UInt64, name: String)]

    static func name(of kind: CallKind) -> String {
        switch kind {
        case .pkeyMprotect: "pkey_mprotect"
        case .remapFilePages: "remap_file_pages"
        case .ioSetup: "io_setup"
        case .ioDestroy: "io_destroy"
        case .setMempolicyHomeNode: "set_mempolicy_home_node"
        case .mapShadowStack: "map_shadow_stack"
        case .userfaultfdRegister, .userfaultfdUnregister: "ioctl"
        case .userfaultfdClose: "close"
        case .processMadvise: "process_madvise"
        default: "\(kind)"
        }
    }

    static let protection: Table = [
        (1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (8, "PROT_SEM"),
        (0x0100_0000, "PROT_GROWSDOWN"),
        (0x0200_0000, "PROT_GROWSUP"),
    ]
    static let mapTypes =
        [0: "MAP_FILE", 1: "MAP_SHARED", 2: "MAP_PRIVATE", 3: "MAP_SHARED_VALIDATE"] as [UInt64: String]
    static let map: Table = [
        (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x40, "MAP_32BIT"), (0x4000, "MAP_NORESERVE"),
        (0x8000, "MAP_POPULATE"), (0x1_0000, "MAP_NONBLOCK"), (0x100, "MAP_GROWSDOWN"),
        (0x800, "MAP_DENYWRITE"),
        (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"), (0x2_0000, "MAP_STACK"),
        (0x4_0000, "MAP_HUGETLB"),
        (0x8_0000, "MAP_SYNC"), (0x10_0000, "MAP_FIXED_NOREPLACE"),
    ]
    static let remap: Table = [(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")]
    static let lock2: Table = [(1, "MLOCK_ONFAULT")]
    static let lockAll: Table = [(1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT")]
    static let attach: Table = [
        (0x1000, "SHM_RDONLY"), (0x2000, "SHM_RND"), (0x4000, "SHM_REMAP"), (0x8000, "SHM_EXEC"),
    ]
    static let registerModes: Table = [
        (1, "UFFDIO_REGISTER_MODE_MISSING"), (2, "UFFDIO_REGISTER_MODE_WP"),
        (4, "UFFDIO_REGISTER_MODE_MINOR"),
    ]
    static let policies = [
        "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
    ]
    static let policyModes: Table = [(0x8000, "MPOL_F_STATIC_NODES"), (0x4000, "MPOL_F_RELATIVE_NODES")]
    static let bindFlags: Table = [(1, "MPOL_MF_STRICT"), (2, "MPOL_MF_MOVE"), (4, "MPOL_MF_MOVE_ALL")]
    static let advice: [UInt64: String] = [
        0: "MADV_NORMAL", 1: "MADV_RANDOM", 2: "MADV_SEQUENTIAL", 3: "MADV_WILLNEED", 4: "MADV_DONTNEED",
        8: "MADV_FREE", 9: "MADV_REMOVE", 10: "MADV_DONTFORK", 11: "MADV_DOFORK", 12: "MADV_MERGEABLE",
        13: "MADV_UNMERGEABLE", 14: "MADV_HUGEPAGE", 15: "MADV_NOHUGEPAGE", 16: "MADV_DONTDUMP",
        17: "MADV_DODUMP", 18: "MADV_WIPEONFORK", 19: "MADV_KEEPONFORK", 20: "MADV_COLD", 21: "MADV_PAGEOUT",
        22: "MADV_POPULATE_READ", 23: "MADV_POPULATE_WRITE", 24: "MADV_DONTNEED_LOCKED", 25: "MADV_COLLAPSE",
        100: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE", 102: "MADV_GUARD_INSTALL", 103: "MADV_GUARD_REMOVE",
    ]
}

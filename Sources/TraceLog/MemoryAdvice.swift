/// The advice of madvise that changes VMAs (Linux uapi asm-generic/mman-common.h).
package enum MemoryAdvice: UInt64 {
    case normal = 0
    case random = 1
    case sequential = 2
    case dontFork = 10
    case doFork = 11
    case mergeable = 12
    case unmergeable = 13
    case hugePage = 14
    case noHugePage = 15
    case dontDump = 16
    case doDump = 17
    case wipeOnFork = 18
    case keepOnFork = 19
    case populateWrite = 23
    case guardInstall = 102
}

/// What a site does to the map, recognised from its calls and not from its names.
package enum Pattern: String, Codable, Sendable, CaseIterable {
    case guardPage = "guard-page"
    case perPageMprotect = "per-page-mprotect"
    case reserveCommit = "reserve-commit"
    case decommit = "decommit"
    case interiorMunmap = "interior-munmap"
    case smallFileMaps = "small-file-maps"
    case reopenedFile = "reopened-file"
    case smallAnonymousMaps = "small-anonymous-maps"
    case madviseFlags = "madvise-flags"
    case mlockRanges = "mlock-ranges"
    case mallocArenas = "malloc-arenas"
    case threadStacks = "thread-stacks"
    case dlopen = "dlopen"
    case numaPolicy = "numa-policy"
}

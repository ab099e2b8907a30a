/// Which limit a failed call ran into.
package enum FailureCause: String, Codable, Sendable, CaseIterable {
    case maxMapCount = "max_map_count"
    case rlimitAS = "rlimit_as"
    case rlimitData = "rlimit_data"
    case overcommit
    case addressSpace = "address_space"
    case cgroup
    /// Bytes that may be locked.
    case rlimitMemlock = "rlimit_memlock"
    /// No limit that was recorded.
    case other
    /// The map limit or none that was recorded: what was lost leaves the count open.
    case uncertain
    /// A part of the range it named is not mapped.
    case hole
    /// A part of the range it named was sealed by mseal.
    case sealed
    /// No huge page was free.
    case hugePages = "huge_pages"

    /// Whether a limit refused the call, and not what the call itself asked for.
    package var isLimit: Bool {
        switch self {
        case .hole, .sealed, .hugePages: false
        default: true
        }
    }
}

/// Which limit a failed call ran into.
package enum FailureCause: String, Codable, Sendable, CaseIterable {
    case maxMapCount = "max_map_count"
    case rlimitAS = "rlimit_as"
    case rlimitData = "rlimit_data"
    case overcommit
    case addressSpace = "address_space"
    case cgroup
    case other
}

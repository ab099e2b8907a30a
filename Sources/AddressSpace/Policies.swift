import TraceLog

/// MPOL_* (include/uapi/linux/mempolicy.h).
private enum PolicyMode {
    static let `default`: UInt64 = 0
    static let preferred: UInt64 = 1
    static let bind: UInt64 = 2
    static let local: UInt64 = 4
    static let preferredMany: UInt64 = 5
    /// MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING
    static let flags: UInt64 = 0xE000
}

// mbind and set_mempolicy_home_node, as mm/mempolicy.c does them.
extension AddressSpace {
    /// The kernel compares policies by content; the log has the node mask's address only, which stands for it.
    mutating func mbind(_ call: Call) {
        let start = call.arguments.0
        let end = start &+ pageAligned(call.arguments.1)
        guard end > start, call.succeeded || mayHaveChanged(call) else { return }
        if !call.succeeded { author.gaveUpBy = end }
        if call.kind == .mbind {
            setPolicy(start, end, Self.policy(call), limited: !call.succeeded)
        } else {
            let stop = obstacle(start, end, { refusesHomeNode($0) }, inHoles: true)
            setHomeNode(start, stop ?? end, call.arguments.2, limited: !call.succeeded)
        }
    }

    /// Whether a call that failed may have changed VMAs before it did.
    private func mayHaveChanged(_ call: Call) -> Bool {
        switch call.error {
        case Errno.inputOutput: true
        case Errno.notSupported: call.kind == .setMempolicyHomeNode
        case Errno.noMemory: isNearLimit
        default: false
        }
    }

    /// Only MPOL_BIND and MPOL_PREFERRED_MANY have a home node; who has no policy at all is passed over.
    private func refusesHomeNode(_ vma: VMA) -> Bool {
        guard let policy = extras[vma.extra].policy else { return false }
        return ![PolicyMode.bind, PolicyMode.preferredMany].contains(policy.mode & ~PolicyMode.flags)
    }

    /// MPOL_DEFAULT takes the policy away; mode flags are part of the mode. MPOL_PREFERRED of no node is MPOL_LOCAL, which
    /// has none (mpol_new).
    private static func policy(_ call: Call) -> ExtraTable.Policy? {
        let (mode, nodeMask) = (call.arguments.2, call.arguments.3)
        guard mode != PolicyMode.default else { return nil }
        if mode == PolicyMode.local || mode == PolicyMode.preferred && nodeMask == 0 {
            return ExtraTable.Policy(mode: PolicyMode.local, nodeMask: 0, maxNode: 0)
        }
        return ExtraTable.Policy(mode: mode, nodeMask: nodeMask, maxNode: call.arguments.4)
    }

    private mutating func setPolicy(
        _ start: UInt64, _ end: UInt64, _ policy: ExtraTable.Policy?, limited: Bool
    ) {
        changeExtra(start, end, limited: limited) { $0.policy = policy }
    }

    private mutating func setHomeNode(_ start: UInt64, _ end: UInt64, _ node: UInt64, limited: Bool) {
        changeExtra(start, end, limited: limited) { $0.policy?.homeNode = node }
    }

    /// Changes what `extra` stands for over a range.
    mutating func changeExtra(
        _ start: UInt64, _ end: UInt64, limited: Bool = false, _ edit: (inout ExtraTable.Entry) -> Void
    ) {
        var table = extras
        change(start, end, limited: limited) { ($0.flags, table.number($0.extra, edit)) }
        extras = table
    }
}

import TraceLog

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
        let modeFlags: UInt64 = 0xE000
        return ![2, 5].contains(policy.mode & ~modeFlags)
    }

    /// MPOL_DEFAULT takes the policy away; mode flags are part of the mode. MPOL_PREFERRED of no node is MPOL_LOCAL, which
    /// has none (mpol_new).
    private static func policy(_ call: Call) -> ExtraTable.Policy? {
        guard call.arguments.2 != 0 else { return nil }
        let (preferred, local): (UInt64, UInt64) = (1, 4)
        if call.arguments.2 == local || call.arguments.2 == preferred && call.arguments.3 == 0 {
            return ExtraTable.Policy(mode: local, nodeMask: 0, maxNode: 0)
        }
        return ExtraTable.Policy(
            mode: call.arguments.2, nodeMask: call.arguments.3, maxNode: call.arguments.4)
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

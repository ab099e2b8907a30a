import TraceLog

// mlock, mlock2, munlock, mlockall and munlockall, as mm/mlock.c does them.
extension AddressSpace {
    mutating func mlock(_ call: Call) {
        let start = pageStart(call.arguments.0)
        let end = start &+ pageAligned(call.arguments.1 &+ (call.arguments.0 &- start))
        guard end > start else { return }
        let added = Self.lockFlags(call)
        switch call.error {
        case 0, Errno.again:
            lock(start, end, added, limited: false)
            if added == .locked { write(start, end) }
        case Errno.noMemory: mlockFailed(start, end, added)
        default: break
        }
    }

    private static func lockFlags(_ call: Call) -> VMAFlags {
        switch call.kind {
        case .munlock: []
        case .mlock2 where call.arguments.2 & 1 != 0: .lockMask
        default: .locked
        }
    }

    @discardableResult
    private mutating func lock(_ start: UInt64, _ end: UInt64, _ added: VMAFlags, limited: Bool) -> Bool {
        let identities = identities
        return changeFlags(start, end, limited: limited) {
            identities.trait(of: $0.file) == .secret ? $0.flags : Self.locked($0, added)
        }
    }

    /// Special VMAs, huge pages and droppable ones are passed over, and what memfd_secret made (mlock_fixup).
    private static func locked(_ vma: VMA, _ added: VMAFlags) -> VMAFlags {
        let exempt = VMAFlags.special.union([.hugeTLB, .droppable])
        return vma.flags.isDisjoint(with: exempt) ? vma.flags.subtracting(.lockMask).union(added) : vma.flags
    }

    /// ENOMEM: a hole stops the walk, and so does the limit; pages that cannot be read fail only after it;
    /// RLIMIT_MEMLOCK comes before it.
    private mutating func mlockFailed(_ start: UInt64, _ end: UInt64, _ added: VMAFlags) {
        author.gaveUpBy = end
        if let stop = obstacle(start, end, { _ in false }) {
            lock(start, stop, added, limited: true)
        } else if isNearLimit, !lock(start, end, added, limited: true) {
            return
        } else if let stop = obstacle(start, end, Self.mayFault) {
            lock(start, end, added, limited: false)
            if added == .locked { write(start, stop) }
        } else {
            corrections.uncertain += 1
        }
    }

    /// Whether a page of it may refuse to come: no rights, a guard, or a file (or shared memory) that ends too soon.
    private static func mayFault(_ vma: VMA) -> Bool {
        vma.flags.isDisjoint(with: .rights) || vma.flags.contains(.maybeGuard) || vma.description != 0
    }

    mutating func mlockall(_ call: Call) {
        guard call.succeeded || call.error == Errno.again else { return }
        let flags = call.arguments.0
        let added: VMAFlags = flags & 4 != 0 ? .lockMask : .locked
        futureFlags = flags & 2 != 0 ? added : []
        guard flags & 1 != 0 else { return }
        lock(0, .max, added, limited: true)
        if added == .locked { write(0, .max) }
    }

    mutating func munlockall(_ call: Call) {
        guard call.succeeded else { return }
        futureFlags = []
        lock(0, .max, [], limited: true)
    }
}

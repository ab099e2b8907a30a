import TraceLog

/// Which threads have READ_IMPLIES_EXEC: each has a personality of its own, from the one that began it.
struct Personality: Sendable, Codable {
    private static let readImpliesExec: UInt64 = 0x40_0000

    /// Of threads of which nothing else is known.
    private var usual = false
    /// Of threads that have it otherwise.
    private var others: [UInt32: Bool]?
    /// Whether a call has told of it.
    private var isTold = false
    /// Whether the kernel has shown what the process has from its parent; nil in checkpoints of before this was noted.
    private var isShown: Bool?

    @inline(__always)
    func impliesExec(_ thread: UInt32) -> Bool {
        guard let others else { return usual }
        return others[thread] ?? usual
    }

    /// A thread takes another: those at work keep theirs, those of which nothing is known will have begun after it.
    mutating func set(_ personality: UInt64, of thread: UInt32, beside atWork: Set<UInt32>) {
        var all = others ?? [:]
        for other in atWork where all[other] == nil { all[other] = usual }
        usual = personality & Self.readImpliesExec != 0
        all[thread] = usual
        keep(all)
        isTold = true
    }

    /// What the kernel showed of a thread. Until a call has told of it all have it from the process's parent, and no call
    /// can have changed it: what is shown first is so, and later another thread may have changed the rights meanwhile.
    mutating func learn(_ impliesExec: Bool, of thread: UInt32) {
        if !isTold {
            if isShown != true { (usual, isShown) = (impliesExec, true) }
        } else if impliesExec != self.impliesExec(thread) {
            keep((others ?? [:]).merging([thread: impliesExec]) { $1 })
        }
    }

    private mutating func keep(_ all: [UInt32: Bool]) {
        let unusual = all.filter { $0.value != usual }
        others = unusual.isEmpty ? nil : unusual
    }
}

/// personality(READ_IMPLIES_EXEC), which a process may have from its parent, of which no call in its log tells: what can
/// be read can be executed (mm/mmap.c, do_mmap; mm/mprotect.c, do_mprotect_pkey; TASK_EXEC in do_brk_flags).
extension AddressSpace {
    mutating func setPersonality(_ call: Call) {
        guard call.succeeded else { return }
        var atWork: Set<UInt32> = []
        forEach {
            atWork.insert($0.owner.thread)
            return true
        }
        personality.set(call.arguments.0, of: call.thread, beside: atWork)
    }

    /// The rights that a call gives which asks for these, wherever something may be executed.
    @inline(__always)
    func given(_ protection: UInt64) -> VMAFlags {
        let rights = Self.rights(protection)
        return rights.contains(.read) && personality.impliesExec(author.thread) ? rights.union(.exec) : rights
    }

    /// Whether the kernel showed that a new mapping cannot be executed where it was not asked to be: its file lies where
    /// nothing can (path_noexec).
    func withholdsExec(_ call: Call) -> Bool {
        guard personality.impliesExec(author.thread), call.arguments.2 & 5 == 1,
            let seen = seenRights(call, at: call.result)
        else { return false }
        return !seen.contains(.exec)
    }

    /// Learns it from what the kernel showed of new private memory that was not to be executed. A file may lie where
    /// nothing can be.
    @inline(__always)
    mutating func learnPersonality(_ call: Call) {
        guard call.arguments.2 & 5 == 1, let seen = seenRights(call, at: call.result),
            call.mapFlags.intersection(.privateMemory) == .privateMemory,
            seen.subtracting(.exec) == Self.rights(call.arguments.2)
        else { return }
        personality.learn(seen.contains(.exec), of: call.thread)
    }
}

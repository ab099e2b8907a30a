package import TraceLog

/// The VMAs of one process, moved on call by call by the kernel's rules.
///
/// Not copyable because it owns the tree's memory; `copy()` makes a second one.
@usableFromInline package struct AddressSpace: ~Copyable, Sendable {
    /// Bytes.
    package let pageSize: UInt64
    package let rules: KernelRules
    /// vm.max_map_count if known: decides how far a call that failed for it got.
    package var maxMapCount: Int?
    /// vm.overcommit_memory is 2: MAP_NORESERVE means nothing.
    package var neverOvercommits = false
    /// Whether a writable private VMA is taken for written as soon as the call that made it so has returned; if not,
    /// only `noteWritten` and the calls that write by themselves tell.
    package var assumesWrites = true
    /// What the last `apply` or `adopt` did to the set.
    package internal(set) var changes = ChangeList()
    package internal(set) var corrections = Corrections()

    /// Makes it a type that is only passed by address: else every call that borrows it copies all of it to the stack
    /// (Swift 6.3).
    private let isPassedByAddress: (any Sendable)? = nil

    var tree: VMATree
    let pageShift: UInt64
    /// The flags that two VMAs must share to merge, and those a merge adds up instead.
    let comparedFlags: VMAFlags
    let stickyFlags: VMAFlags
    var author = Author()
    var lastAnon: UInt32 = 0
    var identities = FileIdentities()
    var extras = ExtraTable()
    var habits = JoinHabits()
    var heap = Heap()
    /// What mlockall(MCL_FUTURE) adds to new VMAs.
    var futureFlags: VMAFlags = []
    /// PR_SET_MEMORY_MERGE is on.
    var mergesPages = false
    var personality = Personality()
    var isLoaded = false
    /// The VMAs came by fork and no `changes` have told of them yet; the first snapshot will.
    var isInherited = false
    /// An address inside the VMA that maps calls [stack]; 0 if unknown.
    var stackAddress: UInt64 = 0
    /// A trial of another limit than the kernel's: splits fail at it also in calls that succeeded, or whose cuts the
    /// kernel showed, and `wasRefused` tells of it.
    var refusesAtLimit = false
    var wasRefused = false

    package init(pageSize: UInt64 = 4096, rules: KernelRules) {
        self.init(pageSize: pageSize, rules: rules, tree: VMATree())
    }

    private init(pageSize: UInt64, rules: KernelRules, tree: consuming VMATree) {
        self.pageSize = pageSize
        self.rules = rules
        self.tree = tree
        pageShift = UInt64(pageSize.trailingZeroBitCount)
        // `sh` and `mw` follow from the open file description, which is compared; the log shows them only once it is
        // seen to write. So does `me`, which a list with flags tells of a file on a noexec mount.
        stickyFlags = VMAFlags([.shared, .mayWrite, .mayExec]).union(rules.guardIsSticky ? .maybeGuard : [])
        comparedFlags = VMAFlags(rawValue: .max).subtracting(stickyFlags.union(.modelOnly))
    }

    /// A second, independent address space in the same state; O(n).
    package func copy() -> AddressSpace { copy(with: tree.copy()) }

    /// Everything but the VMAs as here; `image` writes the same down.
    func copy(with tree: consuming VMATree) -> AddressSpace {
        var other = AddressSpace(pageSize: pageSize, rules: rules, tree: tree)
        other.maxMapCount = maxMapCount
        other.neverOvercommits = neverOvercommits
        other.assumesWrites = assumesWrites
        other.corrections = corrections
        other.lastAnon = lastAnon
        other.identities = identities
        other.extras = extras
        other.habits = habits
        other.heap = heap
        other.futureFlags = futureFlags
        other.mergesPages = mergesPages
        other.personality = personality
        other.isLoaded = isLoaded
        other.isInherited = isInherited
        other.stackAddress = stackAddress
        return other
    }
}

// MARK: - Looking
extension AddressSpace {
    /// VMAs now, as the kernel counts them ([vsyscall] never); O(1).
    package var count: Int { tree.count }
    /// Bytes in all VMAs; O(1).
    package var mappedBytes: UInt64 { tree.mappedBytes }

    /// The VMA that holds `address`; O(log n).
    package func vma(containing address: UInt64) -> VMA? {
        let cursor = tree.first(endingAbove: address)
        guard !tree.isEnd(cursor), tree[cursor].start <= address else { return nil }
        return tree[cursor]
    }

    /// Every VMA from the one that holds `address` or follows it, in order, until `body` returns false.
    package func forEach(from address: UInt64 = 0, _ body: (VMA) -> Bool) {
        var cursor = tree.first(endingAbove: address)
        while !tree.isEnd(cursor), body(tree[cursor]) { cursor = tree.next(cursor) }
    }

    /// The VMA that lies before `address`, whether it touches it or not; O(log n).
    package func vma(before address: UInt64) -> VMA? {
        tree.previous(tree.first(endingAbove: address)).map { tree[$0] }
    }
}

// MARK: - Applying
extension AddressSpace {
    /// Changes the set as the kernel did, whether the call succeeded or failed.
    package mutating func apply(_ call: Call) {
        changes.removeAll()
        author = Author(stack: call.stack, kind: call.kind, time: call.end, thread: call.thread)
        tree.aim(at: call.workplace)
        if !call.succeeded, !refusesAtLimit {
            author.uncut = uncut(call)
            if call.flags.contains(.hasObservation) { author.cut = (shownStart(call), call.observedEnd) }
        }
        dispatch(call)
        if call.flags.contains(.hasObservation), call.observedEnd > call.observedStart {
            let before = corrections.anonVMA
            reconcile(call.observedStart, call.observedEnd)
            if !habits.isEmpty { testHabit(call, corrected: corrections.anonVMA != before) }
        } else if !habits.isEmpty {
            followHabit(call)
        }
    }

    /// By how much the kernel's count may have been another, for other threads' calls that ran at the same time.
    static var callsAtOnce: Int { 64 }

    /// The start of a call's range that failed within reach of the limit, if the kernel then showed it amid a VMA; else 0.
    /// Further from the limit a neighbour that another thread changed alike has merged with it.
    private func uncut(_ call: Call) -> UInt64 {
        let start = pageStart(call.arguments.0)
        guard let maxMapCount, count + Self.callsAtOnce >= maxMapCount else { return 0 }
        return showsUncut(call, at: start) ? start : 0
    }

    /// Of mprotect the kernel shows the last VMA that was changed: behind the first one that had its start cut as well.
    private func shownStart(_ call: Call) -> UInt64 {
        let isMprotect = call.kind == .mprotect || call.kind == .pkeyMprotect
        return isMprotect && call.observedStart > call.arguments.0 ? call.arguments.0 : call.observedStart
    }

    /// Whether the kernel showed a place amid a VMA after the call.
    func showsUncut(_ call: Call, at start: UInt64) -> Bool {
        call.flags.contains(.hasObservation) && call.observedStart < start && start < call.observedEnd
    }

    /// Takes a VMA as the kernel gave it after the call applied last, besides the one that the call itself names.
    /// - Parameter unsettled: where calls still to come may have moved boundaries by then.
    package mutating func reconcile(_ observed: Range<UInt64>, unsettled: [Range<UInt64>] = []) {
        changes.removeAll()
        if unsettled.isEmpty {
            reconcile(observed.lowerBound, observed.upperBound)
        } else {
            reconcile(observed) { address in unsettled.contains { $0.contains(address) } }
        }
    }

    /// Calls by which `foresee` goes before `apply`.
    @inlinable package static var foresight: Int { VMAForesight.distance }

    /// Fetches what the call that works at `address` will need into the cache.
    @inline(__always)
    package mutating func foresee(_ address: UInt64) { tree.foresee(address) }

    @inline(__always)
    private mutating func dispatch(_ call: Call) {
        switch call.kind {
        case .mmap: mmap(call)
        case .munmap: munmap(call)
        case .mprotect, .pkeyMprotect: mprotect(call)
        case .mremap: mremap(call)
        case .brk: brk(call)
        case .madvise, .processMadvise: madvise(call)
        default: dispatchRare(call)
        }
    }

    private mutating func dispatchRare(_ call: Call) {
        switch call.kind {
        case .mlock, .mlock2, .munlock: mlock(call)
        case .mlockall: mlockall(call)
        case .munlockall: munlockall(call)
        case .mbind, .setMempolicyHomeNode: mbind(call)
        case .shmat: shmat(call)
        case .shmdt: shmdt(call)
        case .remapFilePages: remapFilePages(call)
        case .prctl: prctl(call)
        case .mseal: mseal(call)
        case .personality: setPersonality(call)
        case .ioSetup: ioSetup(call)
        case .ioDestroy: ioDestroy(call)
        case .mapShadowStack: mapShadowStack(call)
        case .userfaultfdRegister, .userfaultfdUnregister: userfaultfd(call)
        case .userfaultfdClose: closeUserfaultfd(call)
        default: break
        }
    }

    @inline(__always)
    mutating func note(
        _ kind: Change.Kind, _ vma: VMA, byMerge: Bool = false, oldFile: FileID = .none
    ) {
        changes.append(
            Change(
                kind: kind, byMerge: byMerge, owner: vma.owner, time: vma.time, start: vma.start,
                end: vma.end, file: vma.file, oldFile: oldFile))
    }
}

import TraceFormat

/// Addresses from `start` to before `end`; empty if they are equal.
struct AddressRange: Equatable {
    var start: UInt64 = 0
    var end: UInt64 = 0

    static let none = AddressRange()

    /// Whole pages, cut off at the end of the address space.
    init(_ start: UInt64, length: UInt64, pageSize: UInt64) {
        self.start = start & ~(pageSize - 1)
        end = start.addingClamping(length).addingClamping(pageSize - 1) & ~(pageSize - 1)
    }

    init(_ start: UInt64 = 0, _ end: UInt64 = 0) { (self.start, self.end) = (start, max(start, end)) }

    var isEmpty: Bool { start == end }

    func overlaps(_ other: AddressRange) -> Bool {
        start < other.end && other.start < end && !isEmpty && !other.isEmpty
    }
}

/// What the answer to a call proves about the addresses it touched, as far as that decides an order.
struct CallEffect: Equatable {
    /// Addresses that were free when the call took them: the kernel chose them, or would have refused.
    var claimed = AddressRange.none
    /// Addresses that were free afterwards.
    var released = AddressRange.none
    /// Addresses that were mapped throughout, or the call would have failed with ENOMEM.
    var needed = AddressRange.none
    /// Addresses of which some were not mapped: it failed with ENOMEM.
    var missed = AddressRange.none

    /// Addresses to which it gave the rights below, whatever was there.
    var marked = AddressRange.none
    /// MF_VMA_READ and so on, as far as `knownRights` says.
    var rights: UInt8 = 0
    var knownRights: UInt8 = 0
    /// The rights that the kernel was seen to have there afterwards; `Call.unknownRights` if it was not asked.
    var seenRights = Call.unknownRights

    static let none = CallEffect()

    /// What can tell the work of one call from another's.
    struct Evidence: OptionSet {
        let rawValue: UInt8
        static let rights = Evidence(rawValue: 1)
        /// Private or shared, which stays as a mapping made it whatever mprotect makes of the rights since.
        static let sharing = Evidence(rawValue: 2)
    }

    /// By what it is the other call's work that the kernel showed after this one, and not its own.
    func shows(_ other: CallEffect) -> Evidence {
        guard seenRights != Call.unknownRights,
            other.marked.start <= marked.start && marked.start < other.marked.end
        else { return [] }
        var evidence: Evidence = []
        if shows(other, within: 7) { evidence.insert(.rights) }
        if knownRights & other.knownRights & Self.sharing != 0, shows(other, within: Self.sharing) {
            evidence.insert(.sharing)
        }
        return evidence
    }

    private func shows(_ other: CallEffect, within mask: UInt8) -> Bool {
        seenRights & mask != rights & mask && seenRights & mask == other.rights & mask
    }

    static let sharing = UInt8(MF_VMA_SHARED)
}

/// Finds the effects of calls, in the order in which they are read: the break and the sizes of what is
/// attached are known from earlier calls.
struct CallEffects: Codable {
    private let pageSize: UInt64
    private(set) var lastBreak: UInt64 = 0
    /// By address: lengths of what shmat and io_setup mapped, which shmdt and io_destroy do not name.
    private var attached: [UInt64: UInt64] = [:]

    init(pageSize: UInt64) { self.pageSize = pageSize }

    /// Whether the effect of such a call rests on earlier calls.
    @inline(__always)
    static func remembers(_ kind: CallKind) -> Bool {
        switch kind {
        case .brk, .shmat, .shmdt, .ioSetup, .ioDestroy: true
        default: false
        }
    }

    mutating func effect(of call: Call) -> CallEffect {
        guard call.succeeded else { return effect(ofFailure: call) }
        var effect = effect(ofSuccess: call)
        mark(&effect, call)
        return effect
    }

    /// What the call made of the rights, and what the kernel said of them.
    private func mark(_ effect: inout CallEffect, _ call: Call) {
        let rights = UInt8(truncatingIfNeeded: call.arguments.2 & 7)
        switch call.kind {
        case .mmap where call.mapFlags.contains(.fixed):
            (effect.rights, effect.knownRights) = (
                rights | (call.mapFlags.isShared ? CallEffect.sharing : 0), 7 | CallEffect.sharing
            )
        case .mprotect, .pkeyMprotect: (effect.rights, effect.knownRights) = (rights, 7)
        default: return
        }
        effect.marked = range(call.kind == .mmap ? call.result : call.arguments.0, call.arguments.1)
        if call.observedStart <= effect.marked.start, effect.marked.start < call.observedEnd {
            effect.seenRights = call.observedRights
        }
    }

    private mutating func effect(ofSuccess call: Call) -> CallEffect {
        switch call.kind {
        case .mmap: effect(ofMmap: call)
        case .munmap: CallEffect(released: range(call.arguments.0, call.arguments.1))
        case .mremap: effect(ofMremap: call)
        case .brk: effect(ofBreak: call.result)
        case .mprotect, .pkeyMprotect, .madvise, .processMadvise, .mlock, .mlock2, .munlock, .prctl:
            CallEffect(needed: workedOn(call))
        case .shmat, .ioSetup: attach(call)
        case .shmdt, .ioDestroy: detach(call.arguments.0)
        case .mapShadowStack: call.arguments.0 == 0 ? claim(call.result, call.arguments.1) : .none
        default: .none
        }
    }

    private func effect(ofFailure call: Call) -> CallEffect {
        guard call.error == Errno.noMemory else { return .none }
        return switch call.kind {
        case .mprotect, .pkeyMprotect, .madvise, .mlock, .mlock2, .munlock, .prctl:
            CallEffect(missed: workedOn(call))
        default: .none
        }
    }

    private func range(_ start: UInt64, _ length: UInt64) -> AddressRange {
        AddressRange(start, length: length, pageSize: pageSize)
    }

    private func claim(_ start: UInt64, _ length: UInt64) -> CallEffect {
        CallEffect(claimed: range(start, length))
    }

    /// prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, length, name); the others begin with address and
    /// length.
    private func workedOn(_ call: Call) -> AddressRange {
        call.kind == .prctl
            ? range(call.arguments.2, call.arguments.3) : range(call.arguments.0, call.arguments.1)
    }

    /// MAP_FIXED takes what is there away; MAP_FIXED_NOREPLACE fails where something is there.
    private func effect(ofMmap call: Call) -> CallEffect {
        call.mapFlags.contains(.fixed) ? .none : claim(call.result, call.arguments.1)
    }

    private func effect(ofMremap call: Call) -> CallEffect {
        let (old, oldLength, newLength, _, _, _) = call.arguments
        if call.result == old { return resize(old, oldLength, newLength) }
        var effect = CallEffect(needed: range(old, max(oldLength, 1)))
        if oldLength != 0 && !call.remapFlags.contains(.dontUnmap) { effect.released = range(old, oldLength) }
        if !call.remapFlags.contains(.fixed) { effect.claimed = range(call.result, newLength) }
        return effect
    }

    private func resize(_ start: UInt64, _ oldLength: UInt64, _ newLength: UInt64) -> CallEffect {
        let (old, new) = (range(start, oldLength), range(start, newLength))
        return CallEffect(
            claimed: AddressRange(old.end, new.end), released: AddressRange(new.end, old.end), needed: old)
    }

    /// A break that moved up found free addresses, one that moved down leaves them (Linux mm/mmap.c, brk).
    private mutating func effect(ofBreak new: UInt64) -> CallEffect {
        let old = lastBreak
        lastBreak = new
        if old == 0 { return .none }
        let (low, high) = (range(old, 0).end, range(new, 0).end)
        return CallEffect(claimed: AddressRange(low, high), released: AddressRange(high, low))
    }

    private mutating func attach(_ call: Call) -> CallEffect {
        let start = call.kind == .shmat ? call.result : call.observedStart
        let end = max(call.observedEnd, start.addingClamping(pageSize))
        attached[start] = end - start
        let isChosen = call.kind == .ioSetup || call.arguments.1 == 0
        return isChosen ? claim(start, end - start) : .none
    }

    private mutating func detach(_ start: UInt64) -> CallEffect {
        let length = attached.removeValue(forKey: start) ?? pageSize
        return CallEffect(released: range(start, length))
    }
}

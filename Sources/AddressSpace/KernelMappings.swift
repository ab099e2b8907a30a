import TraceLog

// Calls other than mmap by which the kernel makes or removes a VMA of its own.
extension AddressSpace {
    /// io_setup maps a ring whose size is not among the arguments: it is known from the observation
    /// (fs/aio.c, aio_setup_ring).
    mutating func ioSetup(_ call: Call) {
        guard call.succeeded else { return }
        guard call.observedEnd > call.observedStart else {
            corrections.unobserved += 1
            return
        }
        let vma = VMA(
            start: call.observedStart, end: call.observedEnd, pgoff: 0,
            flags: [.read, .write, .mayRead, .mayWrite, .shared, .mayShare, .dontExpand], time: author.time,
            description: identities.new(), file: call.file, owner: author.owner(.created))
        _ = insertNew(vma, at: clear(vma.start, vma.end, asked: false))
    }

    /// The context's number is its ring's address.
    mutating func ioDestroy(_ call: Call) {
        guard call.succeeded else { return }
        let cursor = tree.first(endingAbove: call.arguments.0)
        guard !tree.isEnd(cursor), tree[cursor].start == call.arguments.0 else {
            corrections.unobserved += 1
            return
        }
        // The context goes even where a seal keeps its ring (fs/aio.c, kill_ioctx).
        if !tree[cursor].isSealed { _ = remove(cursor) }
    }

    /// A new shadow stack (arch/x86/kernel/shstk.c, alloc_shstk).
    mutating func mapShadowStack(_ call: Call) {
        let end = call.result &+ pageAligned(call.arguments.1)
        guard call.succeeded, end > call.result else { return }
        let vma = VMA(
            start: call.result, end: end, pgoff: call.result &>> pageShift,
            flags: VMAFlags.may.union([.read, .write, .shadowStack, .accounted]).union(futureFlags),
            time: author.time, owner: author.owner(.created))
        _ = insertNew(vma, at: clear(call.result, end, asked: false))
    }

    /// UFFDIO_REGISTER and UFFDIO_UNREGISTER, as (descriptor, start, length, mode, features); descriptor stands for context.
    mutating func userfaultfd(_ call: Call) {
        let start = call.arguments.1
        let end = start &+ pageAligned(call.arguments.2)
        guard call.succeeded, end > start else { return }
        let isOn = call.kind == .userfaultfdRegister
        let flags = isOn ? Self.userfaultFlags(call.arguments.3) : []
        let context = isOn ? UserfaultFeatures.context(call.arguments.0, features: call.arguments.4) : nil
        var table = extras
        change(start, end) { vma in
            // Who has the context and all these modes already is passed over, whatever others it has.
            if isOn, table[vma.extra].userfault == context, vma.flags.isSuperset(of: flags) {
                return (vma.flags, vma.extra)
            }
            return (
                vma.flags.subtracting(.userfault).union(flags),
                table.number(vma.extra) { $0.userfault = context }
            )
        }
        extras = table
    }

    /// The last reference to a userfaultfd went: every VMA registered with it is let go, one after another
    /// (fs/userfaultfd.c, userfaultfd_release_all).
    mutating func closeUserfaultfd(_ call: Call) {
        let descriptor = call.arguments.0
        var table = extras
        change(0, .max) { vma in
            guard let context = table[vma.extra].userfault,
                UserfaultFeatures.descriptor(of: context) == descriptor
            else { return (vma.flags, vma.extra) }
            return (vma.flags.subtracting(.userfault), table.number(vma.extra) { $0.userfault = nil })
        }
        extras = table
    }

    private static func userfaultFlags(_ mode: UInt64) -> VMAFlags {
        var flags: VMAFlags = []
        if mode & 1 != 0 { flags.insert(.userfaultMissing) }
        if mode & 2 != 0 { flags.insert(.userfaultWriteProtect) }
        if mode & 4 != 0 { flags.insert(.userfaultMinor) }
        return flags
    }
}

/// What a userfaultfd wants to be told of, and so follows (UFFD_FEATURE_EVENT_*): alike in fs/userfaultfd.c of 5.15, 6.8 and 6.18.
struct UserfaultFeatures: OptionSet {
    let rawValue: UInt64
    /// A forked child is watched as well (dup_userfaultfd).
    static let fork = UserfaultFeatures(rawValue: 1 << 1)
    /// So is what mremap has moved (mremap_userfaultfd_prep).
    static let remap = UserfaultFeatures(rawValue: 1 << 2)

    /// Of one context all registrations have the same.
    static func context(_ descriptor: UInt64, features: UInt64) -> UInt64 {
        descriptor | UserfaultFeatures(rawValue: features).intersection([.fork, .remap]).rawValue << 32
    }

    static func descriptor(of context: UInt64) -> UInt64 { context & 0xFFFF_FFFF }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(of context: UInt64?) { rawValue = (context ?? 0) >> 32 }
}

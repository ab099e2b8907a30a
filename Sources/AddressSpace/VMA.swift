package import TraceLog

/// Who answers for a VMA: the call that created it or split it off.
///
/// Eight bytes, so that a VMA fills 64.
package struct Owner: Hashable, Sendable {
    /// The backtrace of the call; `.none` with a `cause` that says why there is none.
    package let stack: StackID
    /// 22 bits of thread, as no number is above (Linux include/linux/threads.h, PID_MAX_LIMIT), 2 of cause, 8 of kind.
    private let facts: UInt32

    /// How a VMA came to be.
    package enum Cause: UInt32, Sendable {
        /// A call made it.
        case created
        /// A call cut it off another VMA.
        case split
        /// It was there when recording began.
        case beforeTrace
        /// Only an observation knows it: no recorded call explains it.
        case notObserved
    }

    package init(stack: StackID, cause: Cause, kind: CallKind, thread: UInt32 = 0) {
        self.stack = stack
        facts = thread << 10 | cause.rawValue << 8 | UInt32(kind.rawValue)
    }

    /// All of it as one number, to be written down.
    var word: UInt64 { UInt64(stack.rawValue) << 32 | UInt64(facts) }

    init(word: UInt64) {
        stack = StackID(rawValue: UInt32(word >> 32))
        facts = UInt32(truncatingIfNeeded: word)
    }

    package var cause: Cause { Cause(rawValue: facts >> 8 & 3) ?? .notObserved }
    /// The call that did it.
    package var kind: CallKind { CallKind(rawValue: UInt8(truncatingIfNeeded: facts)) ?? .mmap }
    /// The thread that made the call; 0: not known.
    package var thread: UInt32 { facts >> 10 }
}

/// One VMA as the kernel has it: its range and every attribute that decides merging.
package struct VMA: Sendable {
    package var start: UInt64
    /// Behind the last byte.
    package var end: UInt64
    /// Offset in pages: of the file, or of the anonymous mapping's birthplace (`vm_pgoff`).
    package var pgoff: UInt64
    package var flags: VMAFlags
    /// When the owner's call ended, CLOCK_MONOTONIC nanoseconds.
    package var time: UInt64
    /// The open file description behind it; 0: anonymous. Two VMAs of one file may differ here.
    package var description: UInt32
    /// The file's name, device and inode, or a bracketed name; not compared for merging.
    package var file: FileID
    /// The anon_vma: 0 none, that is never written.
    package var anon: UInt32
    /// Number of the memory policy, userfaultfd context and anonymous name together; 0: none of them.
    package var extra: UInt32
    package var owner: Owner

    package init(
        start: UInt64, end: UInt64, pgoff: UInt64, flags: VMAFlags, time: UInt64, description: UInt32 = 0,
        file: FileID = .none, anon: UInt32 = 0, extra: UInt32 = 0, owner: Owner
    ) {
        self.start = start
        self.end = end
        self.pgoff = pgoff
        self.flags = flags
        self.time = time
        self.description = description
        self.file = file
        self.anon = anon
        self.extra = extra
        self.owner = owner
    }
}

extension VMA {
    /// Bytes.
    package var size: UInt64 { end - start }
    package var isSpecial: Bool { !flags.isDisjoint(with: .special) }
    /// Whether maps prints `s`.
    package var isShared: Bool { flags.contains(.mayShare) }
    /// Private memory without a file's operations (`vma_is_anonymous`).
    package var isAnonymous: Bool { !isShared && (description == 0 || flags.contains(.zeroDevice)) }
    /// Whether the kernel touches every page of it as soon as it is mapped, or made writable.
    var populatesWhenLocked: Bool { flags.intersection(.lockMask) == .locked }
    package var isSealed: Bool { flags.contains(.sealed) }
    /// Whether a write to it makes an anon_vma: private and writable.
    package var isPrivateWritable: Bool { flags.intersection([.write, .mayShare]) == .write }
}

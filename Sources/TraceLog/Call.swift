import TraceFormat

/// The system calls a log can hold; raw values are the log's `enum mf_call_number`.
@usableFromInline package enum CallKind: UInt8, CaseIterable, Sendable, Codable {
    case mmap = 1
    case munmap, mprotect, pkeyMprotect, mremap, brk, madvise, mlock, mlock2, munlock, mlockall
    case munlockall, mbind, shmat, shmdt, remapFilePages, prctl, mseal, ioSetup, ioDestroy
    case setMempolicyHomeNode, mapShadowStack, userfaultfdRegister, userfaultfdUnregister
    case userfaultfdClose, processMadvise, personality
}

/// A system call as the program asked it and the kernel answered it.
///
/// Trivially copyable, so that a replay moves millions of them without reference counting.
@usableFromInline package struct Call: Sendable {
    /// How the tracer came to see the call; raw values are those of the log's `MF_CALL_*` flags that matter here.
    @usableFromInline package struct Flags: OptionSet, Sendable {
        @usableFromInline package var rawValue: UInt8
        @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }
        @inlinable package static var hasObservation: Flags { Flags(rawValue: 1) }
        @inlinable package static var inTracer: Flags { Flags(rawValue: 2) }
        @inlinable package func contains(_ other: Flags) -> Bool {
            rawValue & other.rawValue == other.rawValue
        }
    }

    /// CLOCK_MONOTONIC nanoseconds before the kernel was entered.
    @usableFromInline package var begin: UInt64
    /// CLOCK_MONOTONIC nanoseconds after it returned.
    @usableFromInline package var end: UInt64
    /// What the kernel returned; meaningless where `error` is not 0. For `brk` the kernel's answer: the
    /// break.
    @usableFromInline package var result: UInt64
    /// The arguments in the system call's own order; those the log does not hold are 0.
    @usableFromInline package var arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    /// The VMA that held the result right after the call, if the kernel was asked; else 0 ..< 0.
    package var observedStart: UInt64
    package var observedEnd: UInt64
    /// CLOCK_MONOTONIC nanoseconds: until when calls of other threads may have gone into that answer.
    package var observedTime: UInt64
    package var stack: StackID
    /// The file mapped, if the call mapped one and the tracer could name it.
    @usableFromInline package var file: FileID
    @usableFromInline package var thread: UInt32
    /// errno, 0 on success.
    @usableFromInline package var error: UInt16
    @usableFromInline package var kind: CallKind
    package var argumentCount: UInt8
    @usableFromInline package var flags: Flags
    /// Rights and sharing of that VMA (MF_VMA_READ, ...), `unknownRights` if the kernel was not asked for them.
    @usableFromInline package var observedRights: UInt8

    package static let unknownRights: UInt8 = 0xFE

    /// Whether the descriptor of a file mapped was opened for writing; nil where that was not asked.
    package var descriptorWrites: Bool? {
        if observedRights == Self.unknownRights { return nil }
        let (writable, readOnly) = (UInt8(MF_FILE_WRITABLE), UInt8(MF_FILE_READ_ONLY))
        return observedRights & (writable | readOnly) == 0 ? nil : observedRights & writable != 0
    }

    /// Whether the VMA is of hugetlbfs; false where the kernel was not asked.
    @inlinable @inline(__always) package var sawHugePages: Bool { observedRights & 0xC0 == 0x40 }

    /// Whether the kernel showed a file's VMA whose offset is its address; false where it was not asked.
    package var sawOffsetFollow: Bool {
        observedRights != Self.unknownRights && observedRights & UInt8(MF_OFFSET_FOLLOWS) != 0
    }

    package init(
        kind: CallKind, arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0),
        argumentCount: UInt8 = 6, result: UInt64 = 0, error: UInt16 = 0, begin: UInt64 = 0, end: UInt64 = 0,
        thread: UInt32 = 0, stack: StackID = .none, file: FileID = .none, flags: Flags = [],
        observedStart: UInt64 = 0, observedEnd: UInt64 = 0
    ) {
        self.begin = begin
        self.end = end
        self.result = result
        self.arguments = arguments
        self.observedStart = observedStart
        self.observedEnd = observedEnd
        observedTime = end
        observedRights = Self.unknownRights
        self.stack = stack
        self.file = file
        self.thread = thread
        self.error = error
        self.kind = kind
        self.argumentCount = argumentCount
        self.flags = flags
    }

    @inlinable @inline(__always) package var succeeded: Bool { error == 0 }

    /// The address of the first page that the call may change; any other number where that is not simply known.
    @inlinable @inline(__always) package var workplace: UInt64 {
        kind == .mmap || kind == .brk ? result : arguments.0
    }
}

// As words, because tuples have no coding of their own.
extension Call: Codable {
    @usableFromInline package init(from decoder: any Decoder) throws {
        let words = try decoder.singleValueContainer().decode([UInt64].self)
        guard words.count == 19, let kind = CallKind(rawValue: UInt8(truncatingIfNeeded: words[15])) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a call"))
        }
        self.init(
            kind: kind, arguments: (words[3], words[4], words[5], words[6], words[7], words[8]),
            argumentCount: UInt8(truncatingIfNeeded: words[14]), result: words[2],
            error: UInt16(truncatingIfNeeded: words[13]), begin: words[0], end: words[1],
            thread: UInt32(truncatingIfNeeded: words[12]),
            stack: StackID(rawValue: UInt32(truncatingIfNeeded: words[11] >> 32)),
            file: FileID(rawValue: UInt32(truncatingIfNeeded: words[11])),
            flags: Flags(rawValue: UInt8(truncatingIfNeeded: words[16])), observedStart: words[9],
            observedEnd: words[10])
        (observedTime, observedRights) = (words[17], UInt8(truncatingIfNeeded: words[18]))
    }

    @usableFromInline package func encode(to encoder: any Encoder) throws {
        let (a, b, c, d, e, f) = arguments
        var container = encoder.singleValueContainer()
        try container.encode([
            begin, end, result, a, b, c, d, e, f, observedStart, observedEnd,
            UInt64(stack.rawValue) << 32 | UInt64(file.rawValue), UInt64(thread), UInt64(error),
            UInt64(argumentCount), UInt64(kind.rawValue), UInt64(flags.rawValue), observedTime,
            UInt64(observedRights),
        ])
    }
}

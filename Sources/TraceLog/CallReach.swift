/// Finds what a call may have changed: where VMAs may differ, its neighbours included, or where they may meet.
package struct CallReach: Sendable {
    private let pageSize: UInt64
    private(set) var lastBreak: UInt64
    /// By address: bytes of the segments attached, which shmdt does not name.
    private var attached: [UInt64: UInt64] = [:]

    package static let nowhere: Range<UInt64> = 0..<0
    package static let everywhere: Range<UInt64> = 0..<UInt64.max

    /// - Parameters:
    ///   - pageSize: bytes.
    ///   - lastBreak: what the latest brk answered; 0 if there was none.
    package init(pageSize: UInt64, lastBreak: UInt64 = 0) {
        self.pageSize = pageSize
        self.lastBreak = lastBreak
    }

    /// Whether what later calls reach rests on such a call.
    @inline(__always)
    package static func remembers(_ kind: CallKind) -> Bool {
        kind == .brk || kind == .shmat || kind == .shmdt
    }

    /// Takes note of a call in the order in which the kernel did them: the range of a brk reaches from the one before, and
    /// that of shmdt as far as the segment, of which any piece may still lie there.
    package mutating func note(_ call: Call) {
        switch call.kind {
        case .brk: lastBreak = call.result
        case .shmat where call.succeeded: attached[call.result] = attachedSize(call)
        case .shmdt where call.succeeded: attached[call.arguments.0] = nil
        default: break
        }
    }

    private func attachedSize(_ call: Call) -> UInt64 {
        call.observedEnd > call.result ? call.observedEnd - call.result : pageSize
    }

    /// The pages that a call may have changed and one more on each side, so that they touch the neighbours that may have
    /// merged. Up to two ranges; those that are empty say nothing.
    package func ranges(of call: Call) -> (Range<UInt64>, Range<UInt64>) {
        let (first, second) = changed(by: call)
        return (widened(first), widened(second))
    }

    /// The boundaries of VMAs that a call may make or take away: those within what it works on and the two at its ends, at
    /// which it may merge. Those of its neighbours' other ends stay.
    func boundaries(of call: Call) -> (Range<UInt64>, Range<UInt64>) {
        let (first, second) = changed(by: call)
        return (closed(first), closed(second))
    }

    /// The pages that it works on.
    private func changed(by call: Call) -> (Range<UInt64>, Range<UInt64>) {
        if call.leavesEveryVMA { return (Self.nowhere, Self.nowhere) }
        let (a, b, c, d, e, _) = call.arguments
        switch call.kind {
        case .mmap, .mapShadowStack: return (pages(call.succeeded ? call.result : a, b), Self.nowhere)
        case .mremap:
            let isInPlace = !call.succeeded || call.result == a
            let target = call.succeeded ? call.result : e
            let hasTarget = call.succeeded ? !isInPlace : call.remapFlags.contains(.fixed)
            return (pages(a, isInPlace ? max(b, c) : b), hasTarget ? pages(target, c) : Self.nowhere)
        case .brk:
            let low = min(lastBreak, call.result)
            return (pages(low, max(lastBreak, call.result) - low), Self.nowhere)
        case .mlockall, .munlockall: return (Self.everywhere, Self.nowhere)
        case .shmat: return (pages(call.result, attachedSize(call)), Self.nowhere)
        case .shmdt: return (pages(a, attached[a] ?? pageSize), Self.nowhere)
        case .ioDestroy: return (pages(a, pageSize), Self.nowhere)
        case .personality: return (Self.nowhere, Self.nowhere)
        case .ioSetup: return (call.observedStart..<max(call.observedStart, call.observedEnd), Self.nowhere)
        case .prctl: return (pages(c, d), Self.nowhere)
        case .userfaultfdRegister, .userfaultfdUnregister: return (pages(b, c), Self.nowhere)
        case .userfaultfdClose: return (Self.everywhere, Self.nowhere)
        default: return (pages(a, b), Self.nowhere)
        }
    }

    private func pages(_ start: UInt64, _ length: UInt64) -> Range<UInt64> {
        let range = AddressRange(start, length: length, pageSize: pageSize)
        return range.start..<range.end
    }

    private func widened(_ range: Range<UInt64>) -> Range<UInt64> {
        if range == Self.nowhere { return range }
        let low = range.lowerBound > pageSize ? range.lowerBound - pageSize : 0
        return low..<range.upperBound.addingClamping(pageSize)
    }

    private func closed(_ range: Range<UInt64>) -> Range<UInt64> {
        range == Self.nowhere ? range : range.lowerBound..<range.upperBound.addingClamping(1)
    }
}

extension Call {
    /// Whether it has left every VMA as it was: advice about pages alone, and what was refused before anything had to make
    /// way for it (Linux mm/mmap.c, do_mmap; mm/mremap.c, mremap_at and its seal of a tail that shrinks off).
    var leavesEveryVMA: Bool {
        switch kind {
        case .madvise, .processMadvise: MemoryAdvice(rawValue: arguments.2) == nil
        case .mmap: !succeeded && !mapFlags.contains(.fixed)
        case .mremap: !succeeded && !remapFlags.contains(.fixed) && error != Errno.notPermitted
        default: false
        }
    }
}

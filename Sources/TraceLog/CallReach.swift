/// Finds what a call may have changed, a page wider on each side because neighbours may merge.
package struct CallReach: Sendable {
    private let pageSize: UInt64
    private(set) var lastBreak: UInt64

    package static let nowhere: Range<UInt64> = 0..<0
    package static let everywhere: Range<UInt64> = 0..<UInt64.max

    /// - Parameters:
    ///   - pageSize: bytes.
    ///   - lastBreak: what the latest brk answered; 0 if there was none.
    package init(pageSize: UInt64, lastBreak: UInt64 = 0) {
        self.pageSize = pageSize
        self.lastBreak = lastBreak
    }

    /// Takes note of a call in the order in which the kernel did them: the range of a brk reaches from the one before.
    package mutating func note(_ call: Call) {
        if call.kind == .brk { lastBreak = call.result }
    }

    /// Up to two ranges; those that are empty say nothing.
    package func ranges(of call: Call) -> (Range<UInt64>, Range<UInt64>) {
        let (a, b, c, d, _, _) = call.arguments
        switch call.kind {
        case .mmap, .mapShadowStack: return (widened(call.succeeded ? call.result : a, b), Self.nowhere)
        case .mremap:
            return (widened(a, max(b, c)), call.succeeded ? widened(call.result, max(b, c)) : Self.nowhere)
        case .brk:
            let low = min(lastBreak, call.result)
            return (widened(low, max(lastBreak, call.result) - low), Self.nowhere)
        case .mlockall, .munlockall: return (Self.everywhere, Self.nowhere)
        case .shmat: return (widened(call.result, pageSize), Self.nowhere)
        case .shmdt, .ioDestroy: return (widened(a, pageSize), Self.nowhere)
        case .ioSetup: return (call.observedStart..<max(call.observedStart, call.observedEnd), Self.nowhere)
        case .prctl: return (widened(c, d), Self.nowhere)
        case .userfaultfdRegister, .userfaultfdUnregister: return (widened(b, c), Self.nowhere)
        case .userfaultfdClose: return (Self.everywhere, Self.nowhere)
        default: return (widened(a, b), Self.nowhere)
        }
    }

    private func widened(_ start: UInt64, _ length: UInt64) -> Range<UInt64> {
        let low = start > pageSize ? start - pageSize : 0
        let (end, overflow) = start.addingReportingOverflow(length)
        let (high, overflowAgain) = end.addingReportingOverflow(2 * pageSize)
        return low..<(overflow || overflowAgain ? UInt64.max : high)
    }
}

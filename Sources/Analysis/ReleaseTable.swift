package import TraceLog

/// Which call last took something out of the map at an address, in fixed memory: newer calls take older ones' places,
/// so that a hole of long ago may be without its maker, and none has a wrong one.
package struct ReleaseTable: Sendable {
    /// A call that unmapped something.
    package struct Release: Sendable {
        package var kind: CallKind
        package var stack: StackID
        /// CLOCK_MONOTONIC nanoseconds when it ended.
        package var time: UInt64
    }

    private struct Entry {
        var address: UInt64 = 0
        var release = Release(kind: .munmap, stack: .none, time: 0)
    }

    private static let bits: UInt64 = 17

    /// By the first address a release freed, and by the address behind the last.
    private var starts = [Entry](repeating: Entry(), count: 1 << bits)
    private var ends = [Entry](repeating: Entry(), count: 1 << bits)
    private var lastBreak: UInt64 = 0
    private let pageSize: UInt64

    package init(pageSize: UInt64) { self.pageSize = pageSize }

    package mutating func note(_ call: Call) {
        defer { if call.kind == .brk { lastBreak = call.result } }
        guard call.succeeded, let range = freed(by: call), !range.isEmpty else { return }
        let release = Release(kind: call.kind, stack: call.stack, time: call.end)
        starts[Self.place(range.lowerBound)] = Entry(address: range.lowerBound, release: release)
        ends[Self.place(range.upperBound)] = Entry(address: range.upperBound, release: release)
    }

    /// The latest call that freed memory from the hole's start on, or up to its end.
    package func maker(ofHole hole: Range<UInt64>) -> Release? {
        let first = starts[Self.place(hole.lowerBound)]
        let last = ends[Self.place(hole.upperBound)]
        let candidates =
            (first.address == hole.lowerBound ? [first.release] : [])
            + (last.address == hole.upperBound ? [last.release] : [])
        return candidates.max { $0.time < $1.time }
    }

    private func freed(by call: Call) -> Range<UInt64>? {
        let (a, b, c, d, _, _) = call.arguments
        switch call.kind {
        case .munmap: return range(a, b)
        case .mremap:
            if call.result == a { return c < b ? range(a &+ rounded(c), rounded(b) &- rounded(c)) : nil }
            return d & 4 == 0 ? range(a, b) : nil
        case .brk: return call.result < lastBreak ? range(call.result, lastBreak &- call.result) : nil
        default: return nil
        }
    }

    private func range(_ start: UInt64, _ length: UInt64) -> Range<UInt64>? {
        let (first, end) = (rounded(start), rounded(start &+ length))
        return first < end ? first..<end : nil
    }

    private func rounded(_ value: UInt64) -> UInt64 { (value &+ pageSize &- 1) & ~(pageSize &- 1) }

    /// Fibonacci hashing of the page's number.
    private static func place(_ address: UInt64) -> Int {
        Int(((address >> 12) &* 0x9E37_79B9_7F4A_7C15) >> (64 - bits))
    }
}

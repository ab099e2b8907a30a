/// The addresses whose VMAs a call has changed, or may have.
struct TouchedRanges {
    var first = AddressRange.none
    /// Where an mremap moved to.
    var second = AddressRange.none

    func overlaps(_ other: TouchedRanges) -> Bool {
        first.overlaps(other.first) || first.overlaps(other.second) || second.overlaps(other.first)
            || second.overlaps(other.second)
    }
}

extension Call {
    /// Nanoseconds after which a call that has not returned stands still: it has changed the map for sure, even if its
    /// thread had to wait for a processor, for the kernel does that first (Linux mm/vma.c, mm/mlock.c).
    static let standstill: UInt64 = 1_000_000

    var stoodStill: Bool { end &- begin > Self.standstill }

    /// Whether it may have changed a VMA: what fails for another reason than memory is nearly always refused before that.
    var mayChangeVMAs: Bool { (succeeded || error == Errno.noMemory) && !leavesEveryVMA }
}

extension CallSequencer {
    func touched(by call: Call) -> TouchedRanges {
        guard call.mayChangeVMAs else { return TouchedRanges() }
        let (a, b, c, d, _, _) = call.arguments
        switch call.kind {
        case .mmap: return TouchedRanges(first: pages(call.succeeded ? call.result : a, b))
        case .mremap:
            return TouchedRanges(
                first: pages(a, max(b, call.result == a ? c : 0)),
                second: call.succeeded ? pages(call.result, c) : .none)
        case .munmap, .mprotect, .pkeyMprotect, .madvise, .mlock, .mlock2, .munlock, .mbind, .mseal,
            .remapFilePages, .setMempolicyHomeNode:
            return TouchedRanges(first: pages(a, b))
        case .prctl: return TouchedRanges(first: pages(c, d))
        default: return TouchedRanges()
        }
    }

    private func pages(_ start: UInt64, _ length: UInt64) -> AddressRange {
        AddressRange(start, length: length, pageSize: pageSize)
    }

    /// Calls in line with which the order of the latest one is not decided although it matters.
    mutating func countUndecided(_ slot: Int32) -> Int {
        let call = calls[slot]
        let touched = touched(by: call)
        guard !touched.first.isEmpty, let index = placeInLine(slot) else { return 0 }
        var (count, other) = (0, line.count - 1)
        while other >= 0, other > index || line[other].latest > call.begin {
            if other != index, isUndecided(index, call, touched, other) { count += 1 }
            other -= 1
        }
        return count
    }

    private func placeInLine(_ slot: Int32) -> Int? {
        var index = line.count - 1
        while index >= 0, line[index].isOther || line[index].slot != slot { index -= 1 }
        return index < 0 ? nil : index
    }

    private mutating func isUndecided(
        _ index: Int, _ call: Call, _ touched: TouchedRanges, _ other: Int
    ) -> Bool {
        // Other rules may have narrowed both down by now.
        guard !line[other].isOther, line[other].begin < line[index].latest, line[other].latest > call.begin
        else {
            return false
        }
        know(at: other)
        // What was free for the one, no other had released before it knew of it: of two the last is the last.
        if line[index].roles.union(line[other].roles).contains(.claims) { return false }
        let neighbour = calls[line[other].slot]
        return neighbour.thread != call.thread && !neighbour.asksTheSame(as: call)
            && touched.overlaps(self.touched(by: neighbour)) && !mustPrecede(index, other)
            && !mustPrecede(other, index)
    }
}

extension Call {
    /// Two that ask for the same leave the same, whichever came first.
    fileprivate func asksTheSame(as other: Call) -> Bool {
        kind == other.kind && arguments.0 == other.arguments.0 && arguments.1 == other.arguments.1
            && arguments.2 == other.arguments.2 && arguments.3 == other.arguments.3
    }
}

import TraceLog

/// What the kernel's answers taught of call sites: at some of them neighbours become one although the model takes both
/// for written, because the program never writes there. Where the kernel was not asked, such a site's next call is
/// expected to do likewise.
struct JoinHabits: Sendable, Codable {
    private var scores: [UInt32: Int] = [:]

    /// Joins in a row, more or less, that make a habit; more than `most` do not make it firmer.
    private static let firm = 16
    private static let most = 64

    var isEmpty: Bool { scores.isEmpty }

    /// Neighbours that the model kept apart turned out to be one.
    mutating func noteJoin(at stack: StackID) {
        guard stack != .none else { return }
        scores[stack.rawValue] = min(scores[stack.rawValue, default: 0] + 1, Self.most)
    }

    /// Neighbours that a habit would have joined, or that the model had as one, turned out to be two.
    mutating func noteBoundary(at stack: StackID) {
        guard let score = scores[stack.rawValue] else { return }
        scores[stack.rawValue] = score > 8 ? score / 2 : nil
    }

    func expectJoin(at stack: StackID) -> Bool { scores[stack.rawValue, default: 0] >= Self.firm }
}

extension AddressSpace {
    /// After a call that the kernel was asked about: whether it kept apart what a habit would have joined.
    mutating func testHabit(_ call: Call, corrected: Bool) {
        guard !corrected, habits.expectJoin(at: call.stack), let (start, end) = workRange(call) else {
            return
        }
        if unwrittenJoin(at: start) != nil || unwrittenJoin(at: end) != nil {
            habits.noteBoundary(at: call.stack)
        }
    }

    /// After a call that the kernel was not asked about: joins what its site always joins.
    mutating func followHabit(_ call: Call) {
        guard call.succeeded, habits.expectJoin(at: call.stack), let (start, end) = workRange(call) else {
            return
        }
        for address in [end, start] {
            guard let (left, right) = unwrittenJoin(at: address) else { continue }
            agreeOnAnon(left, right)
            _ = forceJoin(left, with: right)
        }
    }

    /// The ends of what a call gave other attributes. The kernel tries to merge nothing else: not where a VMA had them
    /// already, nor for advice about pages (mm/mprotect.c, mm/madvise.c).
    private func workRange(_ call: Call) -> (UInt64, UInt64)? {
        guard author.modified.start < author.modified.end else { return nil }
        switch call.kind {
        case .mprotect, .pkeyMprotect, .madvise, .mlock, .mlock2, .munlock, .mbind: return author.modified
        default: return nil
        }
    }

    /// The neighbours on both sides of an address that nothing keeps apart but that both are taken for written, without
    /// proof for both.
    private func unwrittenJoin(at address: UInt64) -> (VMATree.Cursor, VMATree.Cursor)? {
        let second = tree.first(endingAbove: address)
        guard !tree.isEnd(second), tree[second].start == address, let first = tree.previous(second),
            tree[first].end == address
        else { return nil }
        let (left, right) = (tree[first], tree[second])
        let isSure = left.flags.intersection(right.flags).contains(.surelyWritten)
        guard left.anon != 0, right.anon != 0, left.anon != right.anon, !isSure,
            left.isAnonymous, right.isAnonymous, left.flags.union(right.flags).isDisjoint(with: .forked),
            differingFlags(left, right).isEmpty, left.extra == right.extra, continues(left, right)
        else { return nil }
        return (first, second)
    }
}

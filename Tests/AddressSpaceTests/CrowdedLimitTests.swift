import Testing
import TraceLog

@testable import AddressSpace

/// At the limit, while other threads map and unmap: the model's count of VMAs may be off by those of calls in flight.
@Suite struct `Failures at a limit that others reach too` {
    private let page: UInt64 = 4096

    private func call(_ kind: CallKind, _ arguments: [UInt64], failing: Bool = false) -> Call {
        let all = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
        return Call(
            kind: kind, arguments: (all[0], all[1], all[2], all[3], all[4], all[5]),
            result: failing ? 0 : all[0], error: failing ? 12 : 0)
    }

    private func observed(_ call: Call, _ range: Range<UInt64>, rights: UInt8) -> Call {
        var call = call
        call.flags.insert(.hasObservation)
        (call.observedStart, call.observedEnd) = (range.lowerBound * page, range.upperBound * page)
        call.observedRights = rights
        return call
    }

    /// Three VMAs: pages 16 to 20 writable, 20 to 22 not accessible, 32 to 36 readable.
    private func space(limit: Int) -> AddressSpace {
        var space = AddressSpace(rules: KernelRules(kernelRelease: "6.18.0"))
        space.apply(call(.mmap, [16 * page, 4 * page, 3, 0x32]))
        space.apply(call(.mmap, [20 * page, 2 * page, 0, 0x32]))
        space.apply(call(.mmap, [32 * page, 4 * page, 1, 0x32]))
        space.maxMapCount = limit
        return space
    }

    private func expectUnchanged(_ space: borrowing AddressSpace) {
        expect(space, [(16..<20, 3), (20..<22, 0), (32..<36, 1)])
    }

    private func expect(_ space: borrowing AddressSpace, _ vmas: [(pages: Range<UInt64>, rights: UInt64)]) {
        var rest = vmas.map {
            [$0.pages.lowerBound, $0.pages.upperBound, AddressSpace.rights($0.rights).rawValue]
        }
        space.forEach { vma in
            let found = [vma.start / page, vma.end / page, vma.flags.intersection(.rights).rawValue]
            #expect(!rest.isEmpty && found == rest.removeFirst())
            return true
        }
        #expect(rest.isEmpty)
    }

    @Test func `mprotect that the kernel showed to have changed nothing has changed nothing`() {
        var space = space(limit: 4)
        let failure = call(.mprotect, [19 * page, 3 * page, 7], failing: true)
        space.apply(observed(failure, 16..<20, rights: 3))
        expectUnchanged(space)
    }

    @Test func `a move that the kernel showed to have brought nothing has moved nothing`() {
        var space = space(limit: 10)
        let failure = call(.mremap, [16 * page, 6 * page, 6 * page, 3, 24 * page], failing: true)
        space.apply(observed(failure, 32..<36, rights: 1))
        expectUnchanged(space)
    }

    @Test func `a move that the kernel showed to have shrunk its source has also cleared its destination`() {
        var space = space(limit: 10)
        let failure = call(.mremap, [16 * page, 4 * page, 2 * page, 3, 33 * page], failing: true)
        space.apply(observed(failure, 20..<22, rights: 0))
        expect(space, [(16..<18, 3), (20..<22, 0), (32..<33, 1), (35..<36, 1)])
    }

    @Test func `a move that the kernel showed with its tail has changed nothing`() {
        var space = space(limit: 10)
        let failure = call(.mremap, [16 * page, 4 * page, 2 * page, 3, 33 * page], failing: true)
        space.apply(observed(failure, 16..<20, rights: 3))
        expectUnchanged(space)
    }

    @Test
    func
        `mprotect of a whole VMA's first page that the kernel showed with the old rights has changed nothing`()
    {
        var space = space(limit: 4)
        let failure = call(.mprotect, [32 * page, page, 7], failing: true)
        space.apply(observed(failure, 32..<36, rights: 1))
        expectUnchanged(space)
    }

    @Test(arguments: [CallKind.mlock, .madvise, .mbind, .mseal])
    func `a walk that the kernel showed not to have cut its first VMA has changed nothing`(kind: CallKind) {
        var space = space(limit: 4)
        var failure = call(kind, [18 * page, 4 * page, kind == .mbind ? 2 : 14], failing: true)
        if kind == .madvise { failure.error = Errno.again }
        space.apply(observed(failure, 16..<20, rights: 3))
        expectUnchanged(space)
    }

    @Test func `mprotect amid a VMA keeps its first split`() {
        var space = space(limit: 5)
        let failure = call(.mprotect, [33 * page, page, 7], failing: true)
        space.apply(observed(failure, 33..<36, rights: 1))
        expect(space, [(16..<20, 3), (20..<22, 0), (32..<33, 1), (33..<36, 1)])
    }

    /// The first VMA was changed, the head of the second could not be split off.
    @Test func `mprotect has not changed the piece that the kernel did not split off`() {
        var space = space(limit: 5)
        let failure = call(.mprotect, [16 * page, 5 * page, 1], failing: true)
        space.apply(observed(failure, 16..<20, rights: 1))
        space.reconcile(20 * page..<22 * page)
        expect(space, [(16..<20, 1), (20..<22, 0), (32..<36, 1)])
    }

    @Test func `mprotect that the kernel showed to have cut its first VMA went on to the hole`() {
        var space = space(limit: 3)
        let failure = call(.mprotect, [18 * page, 8 * page, 1], failing: true)
        space.apply(observed(failure, 18..<20, rights: 1))
        space.reconcile(20 * page..<22 * page)
        expect(space, [(16..<18, 3), (18..<20, 1), (20..<22, 1), (32..<36, 1)])
    }

    @Test func `a move whose destination the kernel showed as it was has moved nothing`() {
        var space = space(limit: 20)
        let failure = call(.mremap, [16 * page, 4 * page, 4 * page, 3, 33 * page], failing: true)
        space.apply(observed(failure, 32..<36, rights: 1))
        expectUnchanged(space)
    }

    @Test func `a move that the kernel showed at its destination has moved its first VMA`() {
        var space = space(limit: 3)
        let failure = call(.mremap, [16 * page, 6 * page, 6 * page, 3, 32 * page], failing: true)
        space.apply(observed(failure, 32..<36, rights: 3))
        expect(space, [(20..<22, 0), (32..<36, 3)])
    }

    @Test func `a shrinking move whose tail was a hole before has changed nothing near the limit`() {
        var space = space(limit: 40)
        let failure = call(.mremap, [20 * page, 4 * page, 2 * page, 3, 33 * page], failing: true)
        space.apply(observed(failure, 32..<36, rights: 1))
        expectUnchanged(space)
    }

    /// Whose neighbour has the same anon_vma as it, so that it goes over to it whether it was written or not.
    @Test func `what went over to its neighbour at the limit says nothing of its being written`() {
        var space = AddressSpace(rules: KernelRules(kernelRelease: "6.18.0"))
        space.apply(call(.mmap, [2 * page, 6 * page, 3, 0x32]))
        space.apply(call(.mprotect, [6 * page, 2 * page, 5]))
        space.maxMapCount = 2
        let failure = call(.mprotect, [5 * page, 6 * page, 5], failing: true)
        space.apply(observed(failure, 5..<8, rights: 5))
        space.reconcile(5 * page..<11 * page)
        expect(space, [(2..<5, 3), (5..<8, 5)])
    }
}

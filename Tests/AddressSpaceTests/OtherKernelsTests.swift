import Testing
import TraceLog

@testable import AddressSpace

/// What the kernels on both sides of a version do, as their source has it: the running one shows only one side.
@Suite struct `Rules of other kernels` {
    private enum Step {
        case call(CallKind, [UInt64], error: UInt16 = 0)
        case write(Range<UInt64>)
        /// shmat, with what the kernel then showed.
        case attach(Range<UInt64>)
    }

    private static let readWrite: UInt64 = 3

    /// Private anonymous memory at these pages.
    private func map(_ pages: Range<UInt64>, _ protection: UInt64 = readWrite) -> Step {
        .call(.mmap, [pages.lowerBound, UInt64(pages.count), protection, 0x32])
    }

    /// Private /dev/zero, at offsets that go on where the addresses do.
    private func mapZeros(_ pages: Range<UInt64>) -> Step {
        .call(.mmap, [pages.lowerBound, UInt64(pages.count), Self.readWrite, 0x12, 3, pages.lowerBound])
    }

    private func protect(_ pages: Range<UInt64>, _ protection: UInt64, error: UInt16 = 0) -> Step {
        .call(.mprotect, [pages.lowerBound, UInt64(pages.count), protection], error: error)
    }

    /// The map after these steps; addresses and lengths are in pages. Nothing is written but what a step writes.
    private func space(_ release: String, _ steps: [Step]) -> AddressSpace {
        var space = AddressSpace(pageSize: 1, rules: KernelRules(kernelRelease: release))
        space.assumesWrites = false
        space.identities.learn([
            FileFacts(device: 0, inode: 0, path: ""), FileFacts(device: 5, inode: 5, path: "/dev/zero"),
        ])
        for step in steps {
            switch step {
            case .call(let kind, let arguments, let error):
                space.apply(call(kind, arguments, error: error))
            case .write(let pages): space.noteWritten(pages)
            case .attach(let pages):
                var attach = call(.shmat, [pages.lowerBound])
                attach.flags.insert(.hasObservation)
                (attach.observedStart, attach.observedEnd) = (pages.lowerBound, pages.upperBound)
                space.apply(attach)
            }
        }
        return space
    }

    private func call(_ kind: CallKind, _ arguments: [UInt64], error: UInt16 = 0) -> Call {
        let all = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
        var call = Call(
            kind: kind, arguments: (all[0], all[1], all[2], all[3], all[4], all[5]),
            result: kind == .mremap ? all[4] : all[0], error: error)
        let isOfFile = kind == .mmap && !call.mapFlags.contains(.anonymous)
        call.file = FileID(rawValue: isOfFile ? 1 : 0)
        return call
    }

    private func vmas(_ space: borrowing AddressSpace) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        space.forEach {
            result.append($0.start..<$0.end)
            return true
        }
        return result
    }

    /// mm/mprotect.c, mprotect_fixup.
    @Test(arguments: [("6.6.31", true), ("6.7.0", false)])
    func `what was never written stays accounted`(release: String, stays: Bool) {
        let space = space(release, [map(16..<17), protect(16..<17, 1)])
        #expect(space.vma(containing: 16)?.flags.contains(.accounted) == stays)
    }

    private static let leaveSource: UInt64 = 7

    /// mm/mremap.c, dontunmap_complete; before 6.15 move_vma.
    @Test(arguments: [("5.10.0", true), ("6.14.0", true), ("6.15.0", false), ("6.18.2", true)])
    func `what MREMAP_DONTUNMAP leaves stays accounted`(release: String, stays: Bool) {
        let space = space(
            release, [map(16..<17), .call(.mremap, [16, 1, 1, Self.leaveSource, 32])])
        #expect(space.vma(containing: 16)?.flags.contains(.accounted) == stays)
    }

    /// mm/mremap.c, move_vma (unlink_anon_vmas).
    @Test(arguments: [("5.10.262", true), ("5.15.0", false)])
    func `what MREMAP_DONTUNMAP leaves counts as written`(release: String, counts: Bool) {
        let space = space(
            release,
            [map(16..<17), .write(16..<17), .call(.mremap, [16, 1, 1, Self.leaveSource, 32])])
        #expect((space.vma(containing: 16)?.anon != 0) == counts)
    }

    /// A hole between two VMAs that were written apart; mm/mmap.c, mmap_region, before 6.1 vma_merge, since 6.12 mm/vma.c.
    @Test(arguments: [
        ("6.0.0", [16..<20, 20..<22]), ("6.1.0", [16..<18, 18..<22]), ("6.11.0", [16..<18, 18..<22]),
        ("6.12.0", [16..<20, 20..<22]),
    ])
    func `what fills a hole goes to one side`(release: String, expected: [Range<UInt64>]) {
        let space = space(
            release,
            [map(16..<18), map(20..<22), .write(16..<18), .write(20..<22), map(18..<20)])
        #expect(vmas(space) == expected)
    }

    @Test(arguments: [("6.0.0", [16..<22]), ("6.8.0", [16..<18, 18..<22]), ("6.12.0", [16..<22])])
    func `what fills a hole behind unwritten memory`(release: String, expected: [Range<UInt64>]) {
        let space = space(release, [map(16..<18), map(20..<22), .write(20..<22), map(18..<20)])
        #expect(vmas(space) == expected)
    }

    @Test(arguments: ["6.0.0", "6.8.0", "6.12.0"])
    func `what fills a hole before unwritten memory makes one of all`(release: String) {
        let space = space(release, [map(16..<18), map(20..<22), .write(16..<18), map(18..<20)])
        #expect(vmas(space) == [16..<22])
    }

    /// mm/mremap.c, mremap (vma_adjust, then vma_merge).
    @Test(arguments: [("6.0.0", [16..<20, 20..<22]), ("6.1.0", [16..<22])])
    func `what grows up to its like`(release: String, expected: [Range<UInt64>]) {
        let space = space(
            release, [map(16..<18), map(20..<22), .call(.mremap, [16, 2, 4, 1, 16])])
        #expect(vmas(space) == expected)
    }

    /// A segment with a hole in it; mm/mremap.c, mremap (vma_adjust, from 6.1 to 6.3 vma_expand, then vma_merge).
    @Test(arguments: ["6.0.0", "6.3.8", "6.4.0", "6.12.0"])
    func `a segment grows in its place`(release: String) {
        let steps: [Step] = [
            .attach(16..<24), .call(.munmap, [18, 2]), .call(.mremap, [16, 2, 3, 1, 16]),
        ]
        #expect(vmas(space(release, steps)) == [16..<19, 20..<24])
        let filled = Step.call(.mremap, [16, 3, 4, 1, 16])
        #expect(vmas(space(release, steps + [filled])) == [16..<20, 20..<24])
    }

    /// A SysV segment of which two pages in the middle lose their rights, and one gets them back: only a boundary has to
    /// move; mm/mmap.c, can_vma_merge_after and can_vma_merge_before, since 6.12 mm/vma.c.
    @Test(arguments: [("6.3.8", 4, 4), ("6.4.0", 3, 4), ("6.11.0", 3, 4), ("6.12.0", 3, 3)])
    func `a boundary within a segment moves`(release: String, up: Int, down: Int) {
        for (restored, expected) in [(17..<18 as Range<UInt64>, up), (18..<19, down)] {
            let space = space(release, [.attach(16..<20), protect(17..<19, 1), protect(restored, 3)])
            #expect(vmas(space).count == expected)
        }
    }

    /// A piece amid a segment loses its rights and gets them back; mm/mmap.c, vma_merge, case 7.
    @Test(arguments: [
        ("6.3.8", 3), ("6.4.6", 2), ("6.6.9", 2), ("6.6.31", 3), ("6.7.1", 2), ("6.7.12", 3), ("6.8.1", 3),
        ("6.12.0", 3),
    ])
    func `a piece of a segment vanishes into the one before`(release: String, expected: Int) {
        let steps = [.attach(16..<24), protect(18..<20, 1), protect(18..<20, 3)]
        #expect(vmas(space(release, steps)).count == expected)
        #expect(vmas(space(release, steps + [.call(.shmdt, [16])])).isEmpty)
    }

    /// mm/mseal.c, can_modify_mm and can_modify_mm_madv, since 6.12 can_modify_vma.
    @Test(arguments: [("6.10.0", 1), ("6.11.0", 1), ("6.12.0", 2)])
    func `what a seal refuses may have changed what lies before it`(release: String, expected: Int) {
        let dontFork: UInt64 = 10
        let steps = [map(16..<18), map(18..<20, 1), .call(.mseal, [18, 2])]
        let protected = space(release, steps + [protect(17..<20, 1, error: 1)])
        let advised = space(release, steps + [.call(.madvise, [17, 3, dontFork], error: 1)])
        for vmas in [vmas(protected), vmas(advised)] {
            #expect(vmas.count { $0.upperBound <= 18 } == expected)
        }
    }

    private func name(_ pages: Range<UInt64>, _ name: UInt64) -> Step {
        .call(.prctl, [0x5356_4D41, 0, pages.lowerBound, UInt64(pages.count), name])
    }

    /// mm/vma.c, anon_vma_compatible; before 6.12 mm/mmap.c. This kernel may have no names (CONFIG_ANON_VMA_NAME).
    @Test(arguments: ["5.17.0", "6.8.0", "6.19.0"])
    func `names keep written memory apart no longer than they differ`(release: String) {
        let named = [map(16..<20), name(18..<20, 1), .write(16..<18), .write(18..<20)]
        #expect(vmas(space(release, named)) == [16..<18, 18..<20])
        #expect(vmas(space(release, named + [name(18..<20, 0)])) == [16..<20])
    }

    /// fs/userfaultfd.c, userfaultfd_register, since 6.15 mm/userfaultfd.c: alike in all.
    @Test func `what a userfaultfd watches in more modes stays so when it is told of fewer`() {
        let (missing, both): (UInt64, UInt64) = (1, 3)
        let steps: [Step] = [
            map(16..<20), .call(.userfaultfdRegister, [3, 16, 4, both]),
            .call(.userfaultfdRegister, [3, 16, 2, missing]),
        ]
        #expect(vmas(space("6.18.0", steps)) == [16..<20])
        #expect(
            vmas(space("6.18.0", steps + [.call(.userfaultfdUnregister, [3, 16, 2])])) == [16..<18, 18..<20])
    }

    private static let mergePages = Step.call(.prctl, [67, 1])

    /// mm/ksm.c, ksm_vma_flags, before 6.17 ksm_add_vma; /dev/zero: drivers/char/mem.c.
    @Test(arguments: [
        ("6.4.0", 2, 2), ("6.14.0", 2, 2), ("6.17.0", 1, 2), ("6.18.2", 1, 2), ("6.19.0", 1, 1),
    ])
    func `mg comes before or after the neighbours are asked`(release: String, memory: Int, zeros: Int) {
        let alike = [Self.mergePages, map(16..<18), map(18..<20)]
        let ofZeros = [Self.mergePages, mapZeros(16..<18), mapZeros(18..<20)]
        for (steps, expected) in [(alike, memory), (ofZeros, zeros)] {
            let space = space(release, steps)
            #expect(vmas(space).count == expected)
            #expect(space.vma(containing: 16)?.flags.contains(.mergeable) == true)
            #expect(space.vma(containing: 19)?.flags.contains(.mergeable) == true)
        }
    }

    @Test(arguments: ["6.14.0", "6.17.0"])
    func `mg does not come to what merges without it`(release: String) {
        let space = space(
            release, [map(16..<18), Self.mergePages, .call(.madvise, [16, 2, 13]), map(18..<20)])
        #expect(vmas(space) == (release == "6.14.0" ? [16..<20] : [16..<18, 18..<20]))
    }

    private static let move: UInt64 = 3

    /// The source is two VMAs; mm/mremap.c, mremap_to, since 6.15 check_prep_vma.
    @Test(arguments: [("6.14.0", true), ("6.15.0", false)])
    func `a move that is refused for its source has taken its destination`(release: String, hasTaken: Bool) {
        let steps = [map(16..<18), map(18..<20, 1), map(32..<40)]
        let grown = space(release, steps + [.call(.mremap, [16, 4, 6, Self.move, 32], error: 14)])
        #expect(vmas(grown) == [16..<18, 18..<20] + [hasTaken ? 38..<40 : 32..<40])
        let shrunk = space(release, steps + [.call(.mremap, [16, 4, 3, Self.move, 32], error: 14)])
        #expect(vmas(shrunk) == (hasTaken ? [16..<18, 18..<19, 35..<40] : [16..<18, 18..<20, 32..<40]))
    }

    @Test(arguments: [("6.14.0", [16..<18, 36..<40]), ("6.15.0", [16..<18, 32..<40])])
    func `private memory cannot be doubled`(release: String, expected: [Range<UInt64>]) {
        let steps = [map(16..<18), map(32..<40), .call(.mremap, [16, 0, 4, Self.move, 32], error: 22)]
        #expect(vmas(space(release, steps)) == expected)
    }

    /// A range inside one VMA needs two splits, of which the second fails; mm/madvise.c, madvise_behavior, since 5.17
    /// madvise_update_vma.
    @Test(arguments: [("5.15.0", 12), ("5.17.0", 11)] as [(String, UInt16)])
    func `what madvise says at the limit`(release: String, error: UInt16) {
        var space = space(release, [map(16..<20)])
        space.maxMapCount = 2
        let dontFork: UInt64 = 10
        #expect(space.refusal(of: call(.madvise, [17, 2, dontFork]), limit: 2)?.errno == error)
        space.apply(call(.madvise, [17, 2, dontFork], error: error))
        #expect(vmas(space) == [16..<17, 17..<20])
    }

    /// fs/userfaultfd.c, mremap_userfaultfd_prep: alike in all.
    @Test func `what a userfaultfd watches moves away unwatched`() {
        let steps: [Step] = [
            map(16..<20), .call(.userfaultfdRegister, [3, 16, 4, 1]),
            .call(.mremap, [16, 2, 2, Self.move, 32]), map(34..<36),
        ]
        #expect(vmas(space("6.18.0", steps)) == [18..<20, 32..<36])
    }

    /// fs/userfaultfd.c, mremap_userfaultfd_prep and dup_userfaultfd: alike in all. The first of two pages is watched.
    @Test(arguments: [(0, false, false), (2, false, true), (4, true, false), (6, true, true)])
    func `a userfaultfd follows what it wants to be told of`(features: UInt64, moves: Bool, forks: Bool) {
        let steps: [Step] = [
            map(16..<18), .call(.userfaultfdRegister, [3, 16, 1, 1, features]),
            .call(.mremap, [16, 1, 1, Self.move, 32]), map(33..<34),
            map(64..<66), .call(.userfaultfdRegister, [3, 64, 1, 1, features]),
        ]
        var space = space("6.18.0", steps)
        #expect(vmas(space) == [17..<18] + (moves ? [32..<33, 33..<34] : [32..<34]) + [64..<65, 65..<66])
        let child = space.forked()
        #expect(child.vma(containing: 64)?.flags.contains(.userfaultMissing) == forks)
        space.apply(call(.userfaultfdClose, [3]))
        #expect(space.vma(containing: 64)?.end == 66)
    }

    /// A distribution's kernel may have the memory management of later ones.
    @Test func `an answer of the kernel outweighs its version`() {
        var facts = ProcessFacts()
        facts.kernelRelease = "5.14.0-503.el9.x86_64"
        #expect(!KernelRules(facts).mmapAsksNextFirst && !KernelRules(facts).growthJoinsNext)
        facts.kernelAnswers = ["mmap_asks_next_first": true, "growth_joins_next": true]
        #expect(KernelRules(facts).mmapAsksNextFirst && KernelRules(facts).growthJoinsNext)
        facts.kernelRelease = "6.8.0"
        #expect(KernelRules(facts) == KernelRules(kernelRelease: "6.8.0"))
    }

    /// include/linux/mman.h, calc_vm_flag_bits.
    @Test(arguments: [("6.7.0", [16..<20]), ("6.8.0", [16..<18, 18..<20])])
    func `a stack beside plain memory`(release: String, expected: [Range<UInt64>]) {
        let mapStack: UInt64 = 0x2_0000
        let stack = Step.call(.mmap, [18, 2, Self.readWrite, 0x32 | mapStack])
        #expect(vmas(space(release, [map(16..<18), stack])) == expected)
    }

    /// mm/madvise.c, madvise_set_anon_name.
    @Test func `naming a part at the limit leaves the first split`() {
        let steps = [map(16..<20), map(32..<33)]
        var space = space("6.8.0", steps)
        space.maxMapCount = 3
        space.apply(call(.prctl, [0x5356_4D41, 0, 17, 2, 1], error: 11))
        #expect(vmas(space) == [16..<17, 17..<20, 32..<33])
    }

    /// A file lies between, and what is locked refuses it in any case; mm/madvise.c, is_valid_guard_vma.
    @Test(arguments: [("6.13.0", false), ("6.15.0", true)])
    func `guards are refused by a file or go beyond it`(release: String, isWritten: Bool) {
        let (guardInstall, shared): (UInt64, UInt64) = (102, 0x31)
        let steps: [Step] = [
            map(16..<18), .call(.mmap, [18, 2, Self.readWrite, shared]), map(20..<22),
            map(22..<24), .call(.mlock2, [22, 2, 1]),
            .call(.madvise, [16, 8, guardInstall], error: 22),
        ]
        let space = space(release, steps)
        #expect((space.vma(containing: 16)?.anon != 0) == true)
        #expect((space.vma(containing: 20)?.anon != 0) == isWritten)
    }

    /// mm/mmap.c, mmap_region; since 6.12 mm/vma.c, __mmap_prepare.
    @Test(arguments: [("6.11.0", [16..<24]), ("6.12.0", [16..<18, 18..<20, 20..<24])])
    func `a mapping that is refused for its size`(release: String, expected: [Range<UInt64>]) {
        let refused = Step.call(.mmap, [18, 2, Self.readWrite, 0x32], error: 12)
        #expect(vmas(space(release, [map(16..<24), refused])) == expected)
    }

    /// What a file does not let be executed says its mount, which a list tells and no call.
    @Test func `what a list tells not to be executable merges with the rest of its file`() {
        var space = space("6.18.0", [mapZeros(16..<18)])
        let cursor = space.tree.first(endingAbove: 16)
        space.tree[cursor].flags.remove(.mayExec)
        space.apply(call(.mmap, [18, 2, Self.readWrite, 0x12, 3, 18]))
        #expect(vmas(space) == [16..<20])
    }

    /// A BPF map's file says where it is mapped, and so is not moved with others (mm/mremap.c, vma_multi_allowed).
    @Test func `a move of several that the kernel showed to have brought nothing`() {
        var space = space("6.18.0", [map(16..<18), map(18..<20, 1)])
        var refused = call(.mremap, [16, 4, 4, Self.move, 32], error: 14)
        refused.flags.insert(.hasObservation)
        (refused.observedStart, refused.observedEnd) = (64, 65)
        space.apply(refused)
        #expect(vmas(space) == [16..<18, 18..<20])
    }
}

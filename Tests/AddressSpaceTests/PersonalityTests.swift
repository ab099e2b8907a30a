import Testing
import TraceLog

@testable import AddressSpace

/// READ_IMPLIES_EXEC, which the kernel has for each thread.
@Suite final class `Personality of threads` {
    private static let readImpliesExec: UInt64 = 0x40_0000
    private static let anonymous: UInt64 = 0x32
    private static let ofFile: UInt64 = 0x12

    private var space = AddressSpace(pageSize: 1, rules: .newest)

    private func setPersonality(_ personality: UInt64, thread: UInt32) {
        space.apply(Call(kind: .personality, arguments: (personality, 0, 0, 0, 0, 0), thread: thread))
    }

    /// Maps one readable page.
    /// - Parameter shown: the rights that the kernel then showed.
    private func map(
        _ page: UInt64, thread: UInt32, _ flags: UInt64 = anonymous, shown: UInt8? = nil
    ) {
        var call = Call(kind: .mmap, arguments: (page, 1, 1, flags, 3, 0), result: page, thread: thread)
        if let shown {
            call.flags.insert(.hasObservation)
            (call.observedStart, call.observedEnd, call.observedRights) = (page, page + 1, shown)
        }
        space.apply(call)
    }

    private func protect(_ pages: Range<UInt64>, thread: UInt32) {
        let length = UInt64(pages.count)
        space.apply(
            Call(kind: .mprotect, arguments: (pages.lowerBound, length, 1, 0, 0, 0), thread: thread))
    }

    private func isExecutable(_ page: UInt64) -> Bool? { space.vma(containing: page)?.flags.contains(.exec) }

    @Test func `a thread changes its own`() {
        map(16, thread: 1)
        map(18, thread: 2)
        setPersonality(Self.readImpliesExec, thread: 1)
        for (page, thread) in [(20, 1), (22, 2)] as [(UInt64, UInt32)] { map(page, thread: thread) }
        #expect(isExecutable(20) == true)
        #expect(isExecutable(22) == false)
        setPersonality(0, thread: 1)
        protect(20..<21, thread: 1)
        #expect(isExecutable(20) == false)
    }

    @Test func `a thread that begins later has it from who began it`() {
        map(16, thread: 1)
        setPersonality(Self.readImpliesExec, thread: 1)
        map(18, thread: 2)
        #expect(isExecutable(18) == true)
    }

    @Test func `the kernel shows that a silent thread has kept its own`() {
        setPersonality(Self.readImpliesExec, thread: 1)
        map(16, thread: 2, shown: 1)
        map(18, thread: 1)
        map(20, thread: 2)
        #expect(isExecutable(16) == false)
        #expect(isExecutable(18) == true)
        #expect(isExecutable(20) == false)
    }

    @Test func `what the process has from its parent all threads have`() {
        map(16, thread: 1, shown: 5)
        map(18, thread: 2)
        #expect(isExecutable(18) == true)
    }

    @Test func `what another thread makes executable before the answer is no personality`() {
        map(16, thread: 1, shown: 1)
        map(18, thread: 2, shown: 5)
        map(20, thread: 2)
        #expect(isExecutable(20) == false)
    }

    @Test func `an answer that others' calls may be in tells of no personality`() {
        var call = Call(
            kind: .mmap, arguments: (16, 1, 1, Self.anonymous, 3, 0), result: 16, thread: 1)
        (call.observedStart, call.observedEnd, call.observedRights) = (16, 17, 5)
        space.apply(call)
        map(18, thread: 1)
        #expect(isExecutable(18) == false)
    }

    /// mm/mmap.c, do_mmap (path_noexec); mm/mprotect.c, do_mprotect_pkey (VM_MAYEXEC).
    @Test func `a file where nothing can be executed gives no more than it is asked for`() {
        setPersonality(Self.readImpliesExec, thread: 1)
        map(16, thread: 1, Self.ofFile, shown: 1)
        map(17, thread: 1)
        #expect(isExecutable(16) == false)
        protect(16..<18, thread: 1)
        #expect(isExecutable(16) == false)
        #expect(isExecutable(17) == true)
    }
}

import Testing
import TraceLog

@testable import AddressSpace

/// An mprotect that a VMA amid its range refused, whose answer other threads' calls may have gone into: the reader then
/// holds the answer back, and of the call only how far it came is known.
@Suite struct `mprotect refused amid its range` {
    private static let anonymous: UInt64 = 0x32

    private func map(
        _ pages: Range<UInt64>, rights: UInt64, _ space: inout AddressSpace, readOnlyFile: Bool = false
    ) {
        let flags = readOnlyFile ? 0x11 : Self.anonymous
        var call = Call(
            kind: .mmap, arguments: (pages.lowerBound, UInt64(pages.count), rights, flags, 3, 0),
            result: pages.lowerBound)
        if readOnlyFile {
            call.flags.insert(.hasObservation)
            (call.observedStart, call.observedEnd) = (pages.lowerBound, pages.upperBound)
            call.observedRights = 0x20 | 8 | 1
        }
        space.apply(call)
    }

    private func isExecutable(_ page: UInt64, _ space: borrowing AddressSpace) -> Bool? {
        space.vma(containing: page)?.flags.contains(.exec)
    }

    /// Pages 16 to 19 executable, and pages 19 to 22 as well or of a file that may not be written.
    private func refused(by file: Bool) -> AddressSpace {
        var space = AddressSpace(pageSize: 1, rules: .newest)
        map(16..<17, rights: 7, &space)
        map(17..<18, rights: 5, &space)
        map(18..<19, rights: 7, &space)
        map(19..<22, rights: file ? 1 : 7, &space, readOnlyFile: file)
        var call = Call(kind: .mprotect, arguments: (16, 6, 3, 0, 0, 0), error: 13)
        (call.observedStart, call.observedEnd, call.observedRights) = (18, 19, 3)
        space.apply(call)
        return space
    }

    @Test func `all before the VMA that is known to refuse have the new rights`() {
        let space = refused(by: true)
        for page in 16..<19 { #expect(isExecutable(UInt64(page), space) == false) }
        #expect(space.vma(containing: 19)?.flags.contains(.write) == false)
        #expect(space.corrections.uncertain == 0)
    }

    @Test func `all that the tracer saw changed have the new rights`() {
        let space = refused(by: false)
        for page in 16..<18 { #expect(isExecutable(UInt64(page), space) == false) }
        #expect(isExecutable(19, space) == true)
    }

    /// PR_SET_MDWE, which no log tells of.
    @Test func `what the kernel showed to have its old rights is what refused`() {
        var space = AddressSpace(pageSize: 1, rules: .newest)
        map(16..<20, rights: 3, &space)
        var call = Call(kind: .mprotect, arguments: (16, 4, 5, 0, 0, 0), error: 13)
        call.flags.insert(.hasObservation)
        (call.observedStart, call.observedEnd, call.observedRights) = (16, 20, 3)
        space.apply(call)
        #expect(isExecutable(16, space) == false)
        #expect(space.corrections.uncertain == 0)
    }
}

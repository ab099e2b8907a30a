import Testing

/// Programs to which the kernel hands their own system calls back: none of the tracer's is among them, and what libc calls
/// still goes where libc would have called it from.
@Suite struct DispatchTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Whether the kernel knows syscall user dispatch, and what `mapfray verify` says of a recording.
    private func record(_ which: String, expected: String) throws -> String? {
        let program = try scratch.compileWorkload("dispatched")
        let native = try run(program, [which])
        guard native.status != 1 else {
            print("the kernel refuses syscall user dispatch, so it was not tried")
            return nil
        }
        #expect(native.text == expected)
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log"), program, which])
        #expect(recorded.text == native.text)
        #expect(recorded.status == native.status, "\(recorded.errors)")
        return try mapfray("verify", scratch.file("log")).text
    }

    @Test func `a program that exempts libc alone sees no call of the tracer's`() throws {
        guard let text = try record("outside", expected: "1 1 1 1 1 1, dispatched 1, strangers 0\n") else {
            return
        }
        #expect(text.contains("equals the kernel at 1 of 1"), "\(text)")
        #expect(text.contains("lost records: 0"))
        #expect(text.contains("has its system calls dispatched to itself"))
        let events = try mapfray("events", scratch.file("log")).text
        #expect(
            events.contains("mmap(NULL, 65536,")
                && events.contains("mprotect(0x1000, 4096, PROT_READ) = -1 ENOMEM"))
    }

    @Test func `what exempts the tracer too changes nothing`() throws {
        guard let text = try record("none", expected: "1 1 1 1 1 1, dispatched 0, strangers 0\n") else {
            return
        }
        #expect(text.contains("equals the kernel at 2 of 2"), "\(text)")
        #expect(!text.contains("dispatched to itself"))
    }
}

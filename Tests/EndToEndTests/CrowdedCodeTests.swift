import Foundation
import Testing

/// Programs with more system call instructions of their own than the tracer has room or entries for.
@Suite struct `Code full of system calls` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Each unmaps a page by one instruction of its own; then libc maps some memory for itself.
    private func program(_ instructions: Int) throws -> String {
        try scratch.compile(
            "crowded",
            """
            #include <stdlib.h>
            #include <sys/mman.h>
            enum { COUNT = \(instructions), PAGE = 4096 };
            extern char places[];
            __asm__(".text\\n.p2align 4\\n.globl places\\n.type places, @function\\nplaces:\\n"
                    ".rept \(instructions)\\n.p2align 4\\n.cfi_startproc\\nmov %rdi, %rdi\\nmov %rsi, %rsi\\n"
                    "mov %edx, %eax\\nsyscall\\nret\\n.cfi_endproc\\n.endr\\n.size places, . - places\\n");
            int main(void)
            {
                char *block = mmap(0, COUNT * 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                for (int i = 0; i < COUNT; i++) {
                    long (*unmap)(void *, long, long) = (long (*)(void *, long, long))(places + 16 * i);
                    if (unmap(block + i * 2 * PAGE, PAGE, 11) != 0)
                        return 1;
                }
                for (int i = 0; i < 7; i++)
                    if (!malloc(1 << 20))
                        return 2;
                return 0;
            }
            """)
    }

    private func record(_ instructions: Int) throws -> (log: String, verified: Execution) {
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program(instructions))
        #expect(recorded.status == 0, "\(recorded.errors)")
        return (log, try mapfray("verify", log))
    }

    /// The code's last page has none, and the tracer is out of a short jump's reach.
    @Test func `has room beside it for the way out`() throws {
        let run = try record(200)
        #expect(run.verified.status == 0, "\(run.verified.text)")
        #expect(!run.verified.text.contains("could not be redirected"), "\(run.verified.text)")
    }

    @Test func `takes no entry from libc's`() throws {
        let run = try record(400)
        try scratch.expectInexact("log", because: "there are more instructions than entries")
        #expect(run.verified.text.contains("system call instructions could not be redirected"))
        let maps = try mapfray("events", run.log).lines.count { $0.contains("mmap(NULL, 1052672") }
        #expect(maps == 7)
    }
}

import Foundation
import Testing

/// Instructions that give way to a jump before a system call of a computed number: in a library whose unwind tables are
/// loaded, and in one of which dlopen has mapped no more than the code.
@Suite struct `Moved code` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    enum Loaded: CaseIterable { case atStart, later }

    private static let loader = """
        #include <dlfcn.h>
        int main(int count, char **arguments)
        {
            void *library = dlopen(arguments[count - 1], RTLD_NOW);
            int (*run)(void) = library ? (int (*)(void))dlsym(library, "run") : 0;
            return run ? run() : 99;
        }
        """

    /// Records what `run` of a library does, which must return 0, and gives what `verify` says: every map exact.
    private func verified(_ source: String, _ loaded: Loaded, _ flags: [String] = []) throws -> String {
        let library = try scratch.compile("moved.so", source, ["-shared", "-fPIC"] + flags)
        let program =
            switch loaded {
            case .atStart:
                try scratch.compile("linked", "int run(void); int main(void) { return run(); }", [library])
            case .later: try scratch.compile("loader", Self.loader, ["-ldl"])
            }
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program, library)
        #expect(recorded.status == 0, "\(recorded.text) \(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"))
        #expect(verified.status == 0 && verified.text.contains("exit"), "\(verified.text)")
        return verified.text
    }

    /// It begins three bytes before its system call, behind what fills the space to it.
    @Test(arguments: Loaded.allCases)
    func `what lies before a function stays there`(loaded: Loaded) throws {
        let text = try verified(
            """
            #include <sys/syscall.h>
            #include <unistd.h>
            long call(long number);
            __asm__(".text\\n.balign 64\\n.type before, @function\\nbefore: .cfi_startproc\\n.rept 60\\n"
                    "lea 1(%rdi), %rdi\\n.endr\\n mov %rdi, %rax\\n ret\\n.cfi_endproc\\n.size before, . - before\\n"
                    ".nops 4\\n.type call, @function\\ncall: .cfi_startproc\\n mov %rdi, %rax\\n syscall\\n ret\\n"
                    ".cfi_endproc\\n.size call, . - call\\n");
            static long (*volatile pointer)(long) = call;
            int run(void)
            {
                return pointer(SYS_getpid) == getpid() && pointer(SYS_getppid) == getppid() ? 0 : 1;
            }
            """, loaded)
        #expect(text.contains("not covered: 1 system call instruction"), "\(text)")
    }
}

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

    /// How many calls that map so many bytes are in the log.
    private func mappings(of size: Int) throws -> Int {
        try mapfray("events", scratch.file("log")).lines.count { $0.contains("mmap(NULL, \(size), ") }
    }

    /// libgomp's look so: what the kernel is told lies in a variable.
    @Test(arguments: Loaded.allCases)
    func `operands that are addressed from an instruction are found from its copy`(loaded: Loaded) throws {
        let text = try verified(
            """
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            __attribute__((used)) static long size = 12288;
            __attribute__((used)) static volatile long seen;
            long map(long number);
            long note(long number, long value);
            __asm__(".text\\n.type map, @function\\nmap: .cfi_startproc\\n xor %r9d, %r9d\\n mov $3, %edx\\n"
                    "mov $0x22, %r10d\\n mov $-1, %r8\\n mov %rdi, %rax\\n xor %edi, %edi\\n mov size(%rip), %rsi\\n"
                    "syscall\\n ret\\n .cfi_endproc\\n.size map, . - map\\n"
                    ".type note, @function\\nnote: .cfi_startproc\\n mov %rdi, %rax\\n addq $7, seen(%rip)\\n"
                    "syscall\\n ret\\n .cfi_endproc\\n.size note, . - note\\n");
            int run(void)
            {
                for (int i = 0; i < 50; i++)
                    if (map(SYS_mmap) < 0 || note(SYS_getpid, 0) != getpid() || seen != 7 * (i + 1))
                        return 1;
                return 0;
            }
            """, loaded)
        #expect(!text.contains("not covered"), "\(text)")
        #expect(try mappings(of: 12288) == 50)
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

    /// The library takes a value that ld.so writes into the code, which it does when all is mapped.
    @Test(arguments: Loaded.allCases)
    func `code that ld.so still changes stays as it is`(loaded: Loaded) throws {
        _ = try verified(
            """
            #include <sys/syscall.h>
            char end_of_it[4096] = {1};
            long told(long number);
            __asm__(".text\\n.type told, @function\\ntold: .cfi_startproc\\n push %rbx\\n mov %rdi, %rax\\n"
                    "movabs $end_of_it, %rbx\\n syscall\\n mov %rbx, %rax\\n pop %rbx\\n ret\\n"
                    ".cfi_endproc\\n.size told, . - told\\n");
            int run(void)
            {
                for (int i = 0; i < 50; i++)
                    if (told(SYS_getpid) != (long)end_of_it)
                        return 1;
                return 0;
            }
            """, loaded, ["-Wl,-z,notext"])
    }

    /// Constants that look like a call with its arguments, beside code and among it.
    @Test(arguments: ["-Wl,-z,noseparate-code", "-Wl,-z,separate-code", "-Wl,-z,max-page-size=0x200000"])
    func `constants in a library are left as they are`(layout: String) throws {
        _ = try verified(
            """
            #include <string.h>
            #define CALL 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x4c, 0x89, 0xc2, 0x0f, 0x05, 0xc3, 0x90,
            #define CALLS CALL CALL CALL CALL CALL CALL CALL CALL
            static const unsigned char constants[] = {CALLS CALLS CALLS CALLS};
            __attribute__((section(".text.unlikely"))) static const unsigned char among[] = {CALLS CALLS CALLS CALLS};
            int run(void)
            {
                unsigned char call[] = {CALL};
                for (unsigned i = 0; i < sizeof constants; i++)
                    if (constants[i] != call[i % sizeof call] || among[i] != call[i % sizeof call])
                        return 1;
                return 0;
            }
            """, .later, [layout, "-Wa,--no-warn"])
    }

    /// Compilers give them to a register, so that they lie amidst code.
    @Test(arguments: Loaded.allCases)
    func `code that a program makes is no code of its own`(loaded: Loaded) throws {
        _ = try verified(
            """
            #include <string.h>
            static volatile unsigned char made[16];
            __attribute__((noinline)) static void make(unsigned char *to)
            {
                unsigned long first, second;
                __asm__("movabs $0xc3050f0000000bb8, %0\\n movabs $0x050f0000000bb8c3, %1" : "=r"(first), "=r"(second));
                memcpy(to, &first, 8);
                memcpy(to + 8, &second, 8);
            }
            int run(void)
            {
                static const unsigned char wanted[] = {0xB8, 11, 0, 0, 0, 0x0F, 5, 0xC3, 0xC3, 0xB8, 11, 0, 0, 0, 0x0F, 5};
                make((unsigned char *)made);
                for (int i = 0; i < 16; i++)
                    if (made[i] != wanted[i])
                        return 1;
                return 0;
            }
            """, loaded)
    }

    /// Its threads wait in the kernel by numbers that are kept in registers: futex, at which the tracer has a look.
    @Test(arguments: Loaded.allCases)
    func `OpenMP's own system calls are all redirected`(loaded: Loaded) throws {
        guard FileManager.default.fileExists(atPath: "/usr/lib/x86_64-linux-gnu/libgomp.so.1") else {
            print("skipped: no libgomp here")
            return
        }
        let text = try verified(SharedSources.locks, loaded, ["-fopenmp"])
        #expect(!text.contains("not covered"), "\(text)")
    }
}

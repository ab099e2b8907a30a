import Foundation
import Testing

/// Programs that confine themselves by seccomp: the tracer makes no call that their filters forbid.
@Suite struct SandboxTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Records sandboxed.c with these arguments, expects it to go as without mapfray, and gives the number of logs.
    private func record(_ program: String, _ arguments: [String], log: String) throws -> Int {
        let native = try run(program, arguments)
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file(log), program] + arguments,
            environment: ["MAPFRAY_RING": "262144"])
        #expect(recorded.text == native.text, "\(arguments)")
        #expect(recorded.status == native.status, "\(arguments): \(recorded.errors)")
        return try scratch.contents(log).count
    }

    private func verification(_ log: String) throws -> Execution { try mapfray("verify", scratch.file(log)) }

    /// The system calls that the tracer makes and a program may go without, as asm/unistd_64.h numbers them: read,
    /// fstat, lseek, rt_sigprocmask, ioctl, pread64, pwrite64, sched_yield, nanosleep, getpid, uname, fcntl, getcwd,
    /// getppid, rt_sigpending, rt_sigtimedwait, gettid, clock_gettime, openat, mkdirat, newfstatat, unlinkat,
    /// readlinkat, faccessat, fallocate, prlimit64, getuid, getgid, geteuid, getegid, fgetxattr.
    private static let calls = [
        0, 5, 8, 14, 16, 17, 18, 24, 35, 39, 63, 72, 79, 110, 127, 128, 186, 228, 257, 258, 262, 263, 267,
        269, 285, 302, 102, 104, 107, 108, 193,
    ]

    @Test func `death to any call of the tracer's own never comes`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        for call in Self.calls {
            #expect(try record(program, ["tracer", "\(call)"], log: "\(call)") >= 1)
        }
        #expect(try record(program, ["tracer"], log: "all") >= 1)
        #expect(try verification("all").text.contains("no snapshot was taken after it"))
        // Lists need no ioctl, and neither does the log.
        #expect(try verification("16").text.contains("equals the kernel at 3 of 3"))
        #expect(try verification("16").text.contains("lost records: 0"))
    }

    @Test func `a filter for all threads is heeded by all threads`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        for call in [14, 16, 18, 72, 186, 302] {
            #expect(try record(program, ["threads", "\(call)"], log: "\(call)") >= 1)
        }
        for call in [14, 18] {
            try scratch.expectInexact(
                "\(call)", because: "its filter forbids to write what the ring cannot hold")
        }
    }

    @Test func `what is executed under a filter heeds it, and is recorded if that leaves enough`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        // ioctl: the child goes without; pwrite64: without that there is no log.
        #expect(try record(program, ["execute", "16"], log: "ioctl") == 3)
        #expect(try verification("ioctl").text.contains("lost records: 0"))
        #expect(try record(program, ["execute", "18"], log: "pwrite64") == 1)
    }

    @Test func `an unknown filter that was inherited leaves a program alone`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        let launcher = try scratch.compile("launcher", Self.launcher, ["-static"])
        let command = ["-c", "\(launcher) \(program) work; echo $?"]
        let native = try run("/bin/sh", command)
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log"), "/bin/sh"] + command)
        #expect(recorded.text == native.text)
        #expect(native.text.hasSuffix("\n0\n"))
    }

    @Test func `whoever records under an unknown filter is told so`() throws {
        let launcher = try scratch.compile("launcher", Self.launcher, ["-static"])
        let recorded = try run(
            launcher, [mapfrayPath(), "record", "--quiet", "-o", scratch.file("log"), "/bin/echo", "here"])
        guard recorded.status != 128 + 31 else {
            return print("skipped: the filter forbids what Swift needs here")
        }
        #expect(recorded.text == "here\n")
        #expect(
            recorded.errors.contains("a seccomp filter of which the tracer knows nothing"),
            "\(recorded.errors)")
    }

    /// Statically linked, so that nobody sees its filter: death for mkdirat, readlinkat, faccessat and fallocate.
    private static let launcher = """
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <stddef.h>
        #include <sys/prctl.h>
        #include <unistd.h>
        #define IS(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET, 0x80000000)
        int main(int count, char **arguments)
        {
            struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), IS(258), IS(267), IS(269), IS(285),
                BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW)};
            struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 || count < 2)
                return 65;
            execv(arguments[1], arguments + 1);
            return 66;
        }
        """

    /// A child that maps beside what its parent has written and has not, where nobody may ask what became of it.
    private static let beside = """
        #define _GNU_SOURCE
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <sys/mman.h>
        #include <sys/prctl.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        enum { PAGE = 4096, RIGHTS = PROT_READ | PROT_WRITE, FLAGS = MAP_PRIVATE | MAP_ANONYMOUS };
        static int confine(void)
        {
            struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
                BPF_STMT(BPF_RET, SECCOMP_RET_ERRNO | 1), BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW)};
            struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
            return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
        }
        int main(void)
        {
            char *area = mmap(0, 64 * PAGE, PROT_NONE, FLAGS, -1, 0);
            int status;
            for (int i = 8; i < 56; i += 8)
                mmap(area + i * PAGE, PAGE, RIGHTS, FLAGS | MAP_FIXED, -1, 0);
            area[16 * PAGE] = area[40 * PAGE] = 1;
            if (fork() == 0) {
                if (confine())
                    _exit(1);
                for (int i = 9; i < 57; i += 8)
                    *(char *)mmap(area + i * PAGE, PAGE, RIGHTS, FLAGS | MAP_FIXED, -1, 0) = 1;
                _exit(0);
            }
            return wait(&status) < 0 || status != 0;
        }
        """

    @Test func `what was never written is known before nobody can ask any more`() throws {
        let program = try scratch.compile("beside", Self.beside)
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", log, "--pid", "all")
        #expect(verified.status == 0, "\(verified.text)")
        #expect(verified.text.contains("forbids to ask the kernel what became of a VMA"), "\(verified.text)")
    }

    @Test func `a filter that allows everything changes nothing`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        #expect(try record(program, ["allow"], log: "log") == 2)
        let text = try verification("log").text
        #expect(text.contains("equals the kernel at 2 of 2"), "\(text)")
        #expect(text.contains("lost records: 0"))
        #expect(!text.contains("seccomp"))
    }

    @Test func `the strict mode is survived, with a last list before it`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        #expect(try record(program, ["strict"], log: "log") == 1)
        #expect(try verification("log").text.contains("equals the kernel at 1 of 1"))
    }

    /// Where no clock can be read: reading one would be a SIGSEGV, for which the program has a handler.
    @Test func `what the strict mode forbids is the program's death by SIGKILL, as without us`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        let recorded = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "--", program, "strict-map")
        #expect(recorded.status == 128 + 9 && recorded.text == "strict\n", "\(recorded.status)")
    }

    @Test func `where exit_group is refused, _exit ends by the other way`() throws {
        let program = try scratch.compile(
            "refused-end",
            """
            #define _GNU_SOURCE
            #include <linux/filter.h>
            #include <linux/seccomp.h>
            #include <stddef.h>
            #include <sys/prctl.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            int main(void)
            {
                struct sock_filter code[] = {
                    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                };
                struct sock_fprog filter = {sizeof code / sizeof code[0], code};
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
                _exit(7);
            }
            """)
        #expect(try record(program, [], log: "log") == 1)
        #expect(try verification("log").status == 0)
    }

    private static func canHideSys() -> Bool {
        (try? run("/usr/bin/unshare", ["-m", "/bin/mount", "-t", "tmpfs", "none", "/sys"]).status) == 0
    }

    /// The mode forbids to read the processor's counter as well, and nothing says then that time comes from it.
    @Test(.enabled(if: canHideSys(), "needs a mount namespace"))
    func `the strict mode is survived where sys does not tell the clock`() throws {
        let program = try scratch.compileWorkload("sandboxed")
        let command = [try mapfrayPath(), "record", "--quiet", "-o", scratch.file("log"), program, "strict"]
        let words = command.map { "'\($0)'" }.joined(separator: " ")
        let result = try run(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount -t tmpfs none /sys && exec \(words)"])
        #expect(result.status == 0 && result.text == "strict\n", "\(result.errors)")
        #expect(try verification("log").text.contains("equals the kernel at 1 of 1"))
    }

    /// The kernel is the oracle: random filters, each installed and tried.
    @Test func `filters are interpreted as the kernel does`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("preload/sandbox").path
        let program = try scratch.compileWorkload("filter-oracle", ["-I", folder, folder + "/filter.c"])
        let seed = UInt64.random(in: 1...1_000_000)
        let result = try run(program, ["\(seed)", "3000"])
        let words = result.text.split(separator: " ")
        #expect(result.lines.count == 1, "seed \(seed): \(result.text)")
        let (allowed, refused) = (
            Int(words.dropFirst().first ?? "") ?? 0, Int(words.dropFirst(3).first ?? "") ?? 0
        )
        #expect(allowed > 500 && refused > 500, "seed \(seed): \(result.text)")
    }
}

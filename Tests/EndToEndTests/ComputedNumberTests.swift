import Foundation
import Testing

/// System call instructions whose number is computed: the code before them is taken along only where that is safe.
@Suite struct `Computed numbers` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Records a program, which must end well, and gives what `verify` says: every map exact.
    private func verified(_ program: String) throws -> Execution {
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        #expect(recorded.status == 0, "\(recorded.text) \(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"))
        #expect(verified.status == 0, "\(verified.text)")
        return verified
    }

    /// Some would look like a system call with its arguments: `mov %rdi, %rax`, moves among registers, `syscall`.
    @Test(arguments: ["-Wl,-z,noseparate-code", "-Wl,-z,separate-code"])
    func `constants beside the code are left as they are`(layout: String) throws {
        let program = try scratch.compile(
            "constants",
            """
            #include <string.h>
            #define CALL 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x4c, 0x89, 0xc2, 0x0f, 0x05, 0xc3, 0x90,
            #define CALLS CALL CALL CALL CALL CALL CALL CALL CALL
            __asm__(".section .text\\n.type code, @object\\ncode: .fill 64, 16, 0x90\\n");
            static const unsigned char constants[] = {CALLS CALLS CALLS CALLS};
            __attribute__((section(".text.unlikely"))) static const unsigned char among[] = {CALLS CALLS CALLS CALLS};
            int main(void)
            {
                unsigned char call[] = {CALL};
                for (unsigned i = 0; i < sizeof constants; i++)
                    if (constants[i] != call[i % sizeof call] || among[i] != call[i % sizeof call])
                        return 1;
                return 0;
            }
            """, [layout, "-Wa,--no-warn"])
        _ = try verified(program)
    }

    /// One instruction for a child that returns twice, a child on its parent's stack, a signal frame's end and more.
    @Test func `calls that do not change the map are made where they were`() throws {
        let program = try scratch.compile(
            "other",
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <sched.h>
            #include <signal.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <sys/wait.h>
            #include <unistd.h>

            long call(long number, long a, long b, long c, long d, long e);
            __asm__(".text\\n.type call, @function\\ncall: .cfi_startproc\\n mov %rdi, %rax\\n mov %rsi, %rdi\\n"
                    "mov %rdx, %rsi\\n mov %rcx, %rdx\\n mov %r8, %r10\\n mov %r9, %r8\\n xor %r9d, %r9d\\n"
                    "syscall\\n ret\\n .cfi_endproc\\n");

            static volatile int handled;
            static void handle(int number) { (void)number; handled++; }

            int main(void)
            {
                int status, descriptors[2];
                sigset_t none;
                sigemptyset(&none);
                sigprocmask(SIG_SETMASK, &none, 0);
                if (call(SYS_getpid, 0, 0, 0, 0, 0) != getpid() || call(100000, 0, 0, 0, 0, 0) != -ENOSYS)
                    return 1;
                long child = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
                if (child == 0)
                    call(SYS_exit_group, 7, 0, 0, 0, 0);
                if (waitpid((pid_t)child, &status, 0) != child || WEXITSTATUS(status) != 7)
                    return 2;
                signal(SIGUSR1, handle);
                if (call(SYS_kill, getpid(), SIGUSR1, 0, 0, 0) != 0 || handled != 1 || pipe(descriptors) != 0)
                    return 3;
                /* Interrupted, and begun again by the kernel at the instruction. */
                struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
                sigaction(SIGALRM, &action, 0);
                ualarm(20000, 20000);
                if (fork() == 0) {
                    usleep(150000);
                    write(descriptors[1], "x", 1);
                    _exit(0);
                }
                char byte = 0;
                if (call(SYS_read, descriptors[0], (long)&byte, 1, 0, 0) != 1 || byte != 'x' || handled < 2)
                    return 4;
                ualarm(0, 0);
                for (int i = 0; i < 50; i++) {
                    long block = call(SYS_mmap, 0, 16384, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1);
                    if (block < 0 || call(SYS_mprotect, block + 4096, 4096, 0, 0, 0) != 0)
                        return 5;
                }
                return (int)call(SYS_exit_group, 0, 0, 0, 0, 0);
            }
            """)
        let text = try verified(program).text
        #expect(!text.contains("not covered") && text.contains("exit"), "\(text)")
        let events = try mapfray("events", scratch.file("log"), "--stacks")
        #expect(events.text.contains("main (other)"), "\(events.text)")
    }

    /// Without unwind tables: the innermost function pushes nothing, the next keeps its frame pointer above its frame.
    @Test func `frames as Go makes them are all found`() throws {
        let program = try scratch.compile(
            "frames",
            """
            long outer(long, long, long, long, long, long);
            __asm__(".text\\n.type leaf, @function\\nleaf: mov %rcx, %r10\\n mov $9, %eax\\n syscall\\n ret\\n.size leaf, . - leaf\\n"
                    ".type outer, @function\\nouter: sub $24, %rsp\\n mov %rbp, 16(%rsp)\\n lea 16(%rsp), %rbp\\n"
                    "call leaf\\n mov 16(%rsp), %rbp\\n add $24, %rsp\\n ret\\n.size outer, . - outer\\n");
            int main(void) { return outer(0, 1 << 20, 3, 0x22, -1, 0) < 0; }
            """)
        _ = try verified(program)
        let lines = try mapfray("events", scratch.file("log"), "--stacks").lines
        let call = try #require(lines.firstIndex { $0.contains("1048576") })
        let stack = lines[(call + 1)...].prefix(3).map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(stack.map { $0.prefix { $0 != " " } } == ["leaf", "outer", "main"], "\(stack)")
    }

    /// The processor's instructions as binutils reads them.
    @Test(arguments: ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libunwind-x86_64.so.8"])
    func `every instruction has the length that objdump gives it`(library: String) throws {
        guard FileManager.default.fileExists(atPath: library) else {
            print("skipped: no \(library) here")
            return
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let tracer = root.appendingPathComponent("preload/tracer").path
        let program = try scratch.compile(
            "lengths",
            """
            #include <stdio.h>
            #include "instruction.h"
            int main(void)
            {
                static uint8_t bytes[64];
                unsigned long address, count = 0;
                unsigned size, byte;
                for (; scanf("%lx %u", &address, &size) == 2; count++) {
                    for (unsigned i = 0; i < size; i++)
                        bytes[i] = scanf("%x", &byte) == 1 ? byte : 0;
                    if (instruction_at(bytes).size != size)
                        return printf("%lx: %zu, not %u\\n", address, instruction_at(bytes).size, size), 1;
                }
                return printf("%lu\\n", count), 0;
            }
            """, ["-I", tracer, "\(tracer)/instruction_x86_64.c"])
        let list = """
            objdump -d -w --section=.text \(library) | grep -v '(bad)' | awk -F'\\t' 'NF > 2 {
                n = split($2, bytes, " "); sub(":", "", $1); print $1, n, $2 }' | \(program)
            """
        let result = try run("/bin/sh", ["-c", list])
        #expect(result.status == 0, "\(result.text)")
        #expect((Int(result.text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 5000)
    }

    /// The storage of its thread is the program's own affair: nothing of it is the tracer's.
    @Test func `a program without libc keeps its thread's storage`() throws {
        let program = try scratch.compile(
            "alone",
            """
            static char storage[8192];
            static long call(long number, long a, long b, long c, long d)
            {
                register long r10 __asm__("r10") = d, r8 __asm__("r8") = -1, r9 __asm__("r9") = 0;
                __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                                 : "rcx", "r11", "memory");
                return number;
            }
            __attribute__((noinline)) static long map(void) { return call(9, 0, 4096, 1, 0x22); }
            __attribute__((noinline)) static void leave(int status) { call(231, status, 0, 0, 0); }
            void _start(void)
            {
                int status = call(158, 0x1002, (long)storage + 4096, 0, 0) != 0; /* ARCH_SET_FS */
                for (int i = 0; i < 50; i++)
                    status |= map() < 0;
                for (int i = 0; i < 8192; i++)
                    status |= storage[i];
                leave(status);
            }
            """,
            [
                "-nostdlib", "-pie", "-fpie", "-fno-stack-protector",
                "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2",
            ])
        #expect(try verified(program).text.contains("exit"))
        #expect(
            try mapfray("events", scratch.file("log")).lines.count {
                $0.contains("mmap(NULL, 4096, PROT_READ")
            } == 50)
    }

    /// promtool maps four files of each block, by Go's syscall package, from goroutines' small stacks.
    /// The last has no note of its build, by which Go's programs are known most often.
    @Test(arguments: [
        ["CGO_ENABLED": "1"], ["CGO_ENABLED": "0", "GOFLAGS": "-buildmode=pie"],
        ["CGO_ENABLED": "1", "GOFLAGS": "-ldflags=-buildid="],
    ])
    func `Go's mappings are blamed on who asked for them`(build: [String: String]) throws {
        guard FileManager.default.fileExists(atPath: "/usr/bin/go") else {
            print("skipped: no go here")
            return
        }
        try scratch.write(
            "main.go",
            """
            package main

            import (
            \t"net"
            \t"os"
            \t"sync"
            \t"syscall"
            )

            \(SharedSources.deeper)

            func main() {
            \tnet.LookupPort("tcp", "http")
            \tfile, _ := os.Create(os.Args[1])
            \tfile.Truncate(64 << 20)
            \tvar all sync.WaitGroup
            \tfor i := 0; i < 8; i++ {
            \t\tall.Add(1)
            \t\tgo func(first int) {
            \t\t\tdefer all.Done()
            \t\t\tfor i := 0; i < 200; i++ {
            \t\t\t\tdeeper(file, i, first*200+i)
            \t\t\t}
            \t\t}(i)
            \t}
            \tall.Wait()
            }
            """)
        let program = scratch.file("goes")
        let built = try run(
            "/usr/bin/go", ["build", "-o", program, "main.go"], in: scratch.path, environment: build)
        try #require(built.status == 0, "\(built.errors)")
        let recorded = try mapfray(
            "record", "--quiet", "-o", scratch.file("log"), "--", program, scratch.file("file"))
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"))
        #expect(verified.status == 0 && verified.text.contains("exit"), "\(verified.text)")
        let events = try mapfray("events", scratch.file("log"))
        #expect(events.lines.count { $0.contains("MAP_SHARED") } == 1600)
        let sites = try mapfray("sites", scratch.file("log"))
        #expect(
            sites.lines.contains { $0.contains("main.deeper (goes)") && $0.contains("800") }, "\(sites.text)")
    }

    /// Each executes in its parent's memory, on a stack that it does not bring back: the kernel tells when it is over
    /// with, unless a filter forbids to ask it to (set_tid_address); then calls go unrecorded, and none waits for ever.
    @Test(arguments: [("/bin/true", 0), ("/nonexistent", 0), ("/bin/true", 167), ("/bin/true", 218)])
    func `a Go program may start any number of children`(child: String, forbidden: Int) throws {
        guard FileManager.default.fileExists(atPath: "/usr/bin/go") else {
            print("skipped: no go here")
            return
        }
        try scratch.write("main.go", Self.starter)
        let program = scratch.file("starts")
        let built = try run(
            "/usr/bin/go", ["build", "-o", program, "main.go"], in: scratch.path,
            environment: ["CGO_ENABLED": "1"])
        try #require(built.status == 0, "\(built.errors)")
        let arguments = [child, "\(forbidden)"]
        let recorded = try run(
            "/usr/bin/timeout",
            ["-s", "KILL", "120", mapfrayPath(), "record", "--quiet", "-o", scratch.file("log"), program]
                + arguments)
        #expect(try recorded.text == run(program, arguments).text)
        #expect(recorded.status == 0 && recorded.lines.count == 40, "\(recorded.status)")
        if forbidden != 218 {
            #expect(try scratch.contents("log").count == (child == "/bin/true" ? 41 : 1))
        }
    }

    /// Forbids a system call, if it is told one, on pain of death, and starts forty children.
    private static let starter = """
        package main

        /*
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <sys/prctl.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        static void confine(int number)
        {
            struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                BPF_STMT(BPF_RET, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW)};
            struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
        }
        */
        import "C"
        import (
        \t"fmt"
        \t"os"
        \t"os/exec"
        \t"strconv"
        )

        func main() {
        \tif number, _ := strconv.Atoi(os.Args[2]); number != 0 {
        \t\tC.confine(C.int(number))
        \t}
        \tfor i := 0; i < 40; i++ {
        \t\tfmt.Println(exec.Command(os.Args[1]).Run() == nil)
        \t}
        }
        """

    /// The stacks for Go's calls are few: an ioctl that waits, here for a userfaultfd, must not keep one.
    @Test func `calls that wait do not hold up others`() throws {
        guard FileManager.default.fileExists(atPath: "/usr/bin/go") else {
            print("skipped: no go here")
            return
        }
        try scratch.write(
            "main.go",
            """
            package main

            import (
            \t"fmt"
            \t"net"
            \t"os"
            \t"syscall"
            \t"time"
            \t"unsafe"
            )

            const page = 4096

            func try(call, a, b, c uintptr) uintptr {
            \tresult, _, err := syscall.Syscall(call, a, b, c)
            \tif err != 0 {
            \t\tfmt.Println(call, err)
            \t\tos.Exit(3)
            \t}
            \treturn result
            }

            func main() {
            \tnet.LookupPort("tcp", "http")
            \tvar pipe [2]int
            \tsyscall.Pipe(pipe[:])
            \tmemory, _ := syscall.Mmap(-1, 0, page, syscall.PROT_READ|syscall.PROT_WRITE,
            \t\tsyscall.MAP_PRIVATE|syscall.MAP_ANONYMOUS)
            \tplace := uintptr(unsafe.Pointer(&memory[0]))
            \tfault := try(323, 0, 0, 0)
            \tapi := [3]uint64{0xAA, 0, 0}
            \ttry(syscall.SYS_IOCTL, fault, 0xC018AA3F, uintptr(unsafe.Pointer(&api)))
            \tregister := [4]uint64{uint64(place), page, 1, 0}
            \ttry(syscall.SYS_IOCTL, fault, 0xC020AA00, uintptr(unsafe.Pointer(&register)))
            \tfor i := 0; i < 40; i++ {
            \t\tgo syscall.Syscall(syscall.SYS_IOCTL, uintptr(pipe[0]), 0x541B, place)
            \t}
            \ttime.Sleep(300 * time.Millisecond)
            \tfile, _ := os.Open(os.Args[0])
            \tfor i := 0; i < 10; i++ {
            \t\tsyscall.Mmap(int(file.Fd()), 0, page, syscall.PROT_READ, syscall.MAP_SHARED)
            \t}
            \tos.Exit(0)
            }
            """)
        let program = scratch.file("waits")
        let built = try run(
            "/usr/bin/go", ["build", "-o", program, "main.go"], in: scratch.path,
            environment: ["CGO_ENABLED": "1"])
        try #require(built.status == 0, "\(built.errors)")
        // As root: others may not let the kernel wait so.
        let native = try run(program, [])
        if native.status != 0 { print("skipped: no userfaultfd here (\(native.text))") }
        let recorded = try run(
            "/usr/bin/timeout",
            [
                "-s", "KILL", "60", mapfrayPath(), "record", "--quiet", "-o", scratch.file("log"), "--",
                program,
            ])
        #expect(recorded.status == native.status && recorded.text == native.text)
        if native.status != 0 { return }
        let events = try mapfray("events", scratch.file("log"))
        #expect(events.lines.count { $0.contains("MAP_SHARED") } == 10)
        #expect(events.lines.contains { $0.contains("UFFDIO_REGISTER") })
        #expect(try mapfray("verify", scratch.file("log")).status == 0)
    }
}

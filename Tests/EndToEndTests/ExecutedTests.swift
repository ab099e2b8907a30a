import Foundation
import Testing

/// What a program executes starts as it would without the tracer, although that has to come along in the environment.
@Suite struct ExecutedTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Native and recorded say the same, on both streams.
    private func record(_ command: [String], options: [String] = []) throws {
        let native = try run(command[0], Array(command.dropFirst()))
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log")] + options + command)
        #expect(recorded.text == native.text)
        #expect(recorded.errors == native.errors)
        #expect(recorded.status == native.status)
    }

    private func report() throws -> String {
        let report = try mapfray("report", scratch.file("log"))
        return report.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Starts with the stack as the kernel lays it out; its status is 1 if anything is to be preloaded.
    private static let start = """
        #ifdef __x86_64__
        __asm__(".globl _start\\n_start: mov %rsp, %rdi\\ncall look\\nmov %eax, %edi\\nmov $60, %eax\\nsyscall");
        #else
        __asm__(".globl _start\\n_start: push %esp\\ncall look\\nmov %eax, %ebx\\nmov $1, %eax\\nint $0x80");
        #endif
        __attribute__((visibility("hidden"))) int look(long *stack)
        {
            for (char **entry = (char **)stack + *stack + 2; *entry; entry++) {
                const char *name = "LD_PRELOAD=", *at = *entry;
                while (*name && *name == *at)
                    name++, at++;
                if (!*name)
                    return 1;
            }
            return 0;
        }
        """

    /// A program whose loader is not of a glibc that the library could be loaded by.
    private func foreignProgram() throws -> String {
        let loader = try scratch.compile(
            "loader", Self.start, ["-fPIC", "-fno-stack-protector", "-nostdlib", "-shared", "-Wl,-e,_start"])
        return try scratch.compile(
            "foreign", "int main(void) { return 0; }", ["-Wl,--dynamic-linker=\(loader)"])
    }

    @Test(arguments: ["", "exec ", "env -i "])
    func `a program for another libc finds nothing to preload`(way: String) throws {
        let program = try foreignProgram()
        try record(["/bin/sh", "-c", "\(way)\(program); echo $?"])
        #expect(
            try report().contains("went on unrecorded as \(program), a program whose libc is not glibc 2.35"))
    }

    /// Copies of a program with a bit or capabilities, executed by a user; the kernel's own word (AT_SECURE) is printed by
    /// each. Those with other rights than the user's are told of, and no others.
    @Test(arguments: [0, 65534])
    func `a program with other rights than its caller's is told of`(user: Int) throws {
        guard getuid() == 0 else { return print("skipped: only root can make files with capabilities") }
        let program = try scratch.compile(
            "plain",
            """
            #include <stdio.h>
            #include <sys/auxv.h>
            int main(int count, char **arguments)
            {
                printf("%s %lu\\n", arguments[0], getauxval(AT_SECURE));
                return count < 1;
            }
            """)
        let starter = try scratch.compile(
            "starter",
            """
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(int count, char **arguments)
            {
                int user = atoi(arguments[1]);
                if (setgid(user) != 0 || setuid(user) != 0)
                    return 1;
                for (int i = 0; i < 100; i++) /* the report is to be of this one */
                    mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                for (int i = 2; i < count; i++)
                    if (fork() == 0)
                        return execv(arguments[i], arguments + i);
                    else
                        wait(NULL);
                return 0;
            }
            """)
        // The user must get there.
        let folder = "/tmp/mapfray-rights-\(getpid())-\(user)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = """
            mkdir -m 755 \(folder) && cd \(folder)
            for name in setuid own setgid lock capable plain; do cp \(program) $name; chmod 755 $name; done
            chown 65533 setuid; chmod 4755 setuid; chmod 4755 own
            chown 0:65533 setgid; chmod 2755 setgid; chown 0:65533 lock; chmod 2745 lock
            setcap cap_net_raw+ep capable || rm capable
            """
        #expect(try run("/bin/sh", ["-c", script]).status == 0)
        let programs = ["setuid", "own", "setgid", "lock", "capable", "plain"].map { folder + "/" + $0 }
        let log = scratch.file("rights")
        let command = ["record", "--quiet", "-o", log, "--", starter, "\(user)"]
        let result = try run(mapfrayPath(), command + programs)
        let secure = result.lines.filter { $0.hasSuffix(" 1") }.map { $0.dropLast(2) }
        #expect(secure.count >= 2 && result.lines.contains { $0.hasSuffix(" 0") })
        let notes = try mapfray("report", log, "--json").object["notes"] as? [String] ?? []
        for program in programs {
            let isTold = notes.contains { $0.contains(" unrecorded as \(program), with other rights than") }
            #expect(isTold == secure.contains(program[...]), "\(program): \(notes)")
        }
    }

    @Test func `a script for such a program neither`() throws {
        let program = try foreignProgram()
        let inner = try scratch.write("inner", "#! \(program) -x\n", mode: 0o755)
        let script = try scratch.write("script", "#!\(inner)\n", mode: 0o755)
        try record(["/bin/sh", "-c", "\(script); echo $?"])
        #expect(try report().contains("went on unrecorded as \(program), "))
    }

    @Test func `nor where the children are not followed`() throws {
        let program = try foreignProgram()
        try record(["/bin/sh", "-c", "\(program); echo $?"], options: ["--follow", "no"])
    }

    @Test func `nor where it is executed by its descriptor`() throws {
        let program = try foreignProgram()
        let starter = try scratch.compile(
            "starter",
            """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <unistd.h>
            extern char **environ;
            int main(int count, char **arguments)
            {
                fexecve(open(arguments[count - 1], O_RDONLY | O_CLOEXEC), arguments + 1, environ);
                return 66;
            }
            """)
        try record(["/bin/sh", "-c", "\(starter) \(program); echo $?"])
        #expect(try report().contains("a program whose libc is not glibc 2.35 or newer"))
    }

    @Test func `nor a loader for another libc that is run as a command`() throws {
        let program = try foreignProgram()
        let loader = scratch.file("ld-other.so.1")
        try FileManager.default.moveItem(atPath: scratch.file("loader"), toPath: loader)
        try record(["/bin/sh", "-c", "\(loader) \(program); echo $?"])
        #expect(try report().contains("went on unrecorded as \(loader), a program whose libc is not glibc"))
    }

    @Test func `of what glibc's loader runs as a command nothing else is said`() throws {
        try record(["/bin/sh", "-c", "/lib64/ld-linux-x86-64.so.2 /bin/true; echo $?"])
        #expect(try !report().contains("went on unrecorded"))
    }

    @Test(arguments: ["--list", "--library-path /lib --list"])
    func `nor does a loader list it that is asked for a list`(options: String) throws {
        try record(["/bin/sh", "-c", "/lib64/ld-linux-x86-64.so.2 \(options) /bin/true | sed 's/ (0x.*//'"])
    }

    /// The addresses differ from run to run.
    @Test func `ldd lists what the program loads`() throws {
        try record(["/bin/sh", "-c", "ldd /bin/true | sed 's/ (0x.*//'"])
    }

    @Test func `a program of 32 bits finds nothing to preload`() throws {
        let program = try scratch.compile(
            "small", Self.start, ["-m32", "-fno-pic", "-fno-stack-protector", "-nostdlib", "-static"])
        try record(["/bin/sh", "-c", "\(program); echo $?"])
    }

    /// The longest last argument that execve takes besides as many others as fit, with no environment.
    @Test func `arguments may be as long as the kernel allows`() throws {
        let program = try scratch.compile(
            "longest",
            """
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/resource.h>
            #include <sys/wait.h>
            #include <unistd.h>

            enum { SIZE = 10000 };
            static char others[SIZE + 1], last[SIZE + 1];

            static int is_taken(int count, int length)
            {
                char **arguments = calloc(count + 3, sizeof *arguments), *none = NULL;
                int status;
                memset(last, 0, sizeof last);
                memset(last, 'b', length);
                arguments[0] = "/bin/true";
                for (int i = 1; i <= count; i++)
                    arguments[i] = others;
                arguments[count + 1] = last;
                if (fork() == 0) {
                    execve(arguments[0], arguments, &none);
                    _exit(1);
                }
                wait(&status);
                free(arguments);
                return status == 0;
            }

            int main(void)
            {
                int count = 1, least = 0, most = SIZE;
                struct rlimit stack = {1 << 20, 1 << 20};
                setrlimit(RLIMIT_STACK, &stack);
                memset(others, 'a', SIZE);
                while (is_taken(count + 1, 0))
                    count++;
                while (least < most) {
                    int middle = (least + most + 1) / 2;
                    is_taken(count, middle) ? (least = middle) : (most = middle - 1);
                }
                printf("%d others, %d bytes\\n", count, least);
                return 0;
            }
            """)
        try record([program])
    }

    /// The child has no log of its own, and notes its end in its parent's, which has gone on meanwhile.
    @Test(arguments: [300, 600, 3000, 20000])
    func `a child that executes late leaves its parent's records alone`(calls: Int) throws {
        let program = try scratch.compile(
            "late",
            """
            #include <sys/mman.h>
            #include <sys/wait.h>
            #include <unistd.h>

            int main(void)
            {
                int ends[2];
                char byte = 0, *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (pipe(ends) != 0)
                    return 65;
                if (fork() == 0) {
                    execl(read(ends[0], &byte, 1) == 1 ? "/bin/true" : "", "true", (char *)0);
                    _exit(66);
                }
                for (int i = 0; i < \(calls); i++)
                    mprotect(page, 4096, i & 1 ? PROT_READ : PROT_NONE);
                if (write(ends[1], &byte, 1) != 1)
                    return 67;
                wait(0);
                mprotect(page, 4096, PROT_EXEC);
                return 0;
            }
            """)
        try record([program])
        let events = try mapfray("events", scratch.file("log"), "--pid", "all").lines
        #expect(events.count { $0.contains(" mprotect(") && $0.contains(", 4096, PROT_NONE)") } == calls / 2)
        let names = try scratch.contents("log")
        for name in Set(names.compactMap { $0.split(separator: ".").first }) {
            let verified = try mapfray("verify", scratch.file("log"), "--pid", String(name))
            #expect(verified.status == 0, "\(verified.text)")
            #expect(verified.text.contains("lost records: 0"), "\(verified.text)")
            #expect(!verified.text.contains("damage"), "\(verified.text)")
        }
    }

    /// Executes a program, by one of the ways, with an environment of so many entries.
    private static let executor = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main(int count, char **arguments)
        {
            int size = atoi(arguments[2]), program = open("/bin/true", O_PATH);
            static char *environment[10000];
            char *command[] = {"true", 0};
            for (int i = 0; i < size; i++)
                if (asprintf(&environment[i], "V%d=%d", i, i) < 0)
                    return 1;
            if (strcmp(arguments[1], "execve") == 0)
                execve("/bin/true", command, environment);
            if (strcmp(arguments[1], "syscall") == 0)
                syscall(SYS_execve, "/bin/true", command, environment);
            if (strcmp(arguments[1], "syscall-at") == 0)
                syscall(SYS_execveat, program, "", command, environment, AT_EMPTY_PATH);
            return 1;
        }
        """

    @Test(arguments: [("execve", 0), ("execve", 1500), ("syscall", 0), ("syscall-at", 3)])
    func `what is executed is recorded, whatever its environment`(way: String, size: Int) throws {
        let program = try scratch.compile("executor", Self.executor, ["-w"])
        try record([program, way, "\(size)"])
        #expect(try scratch.contents("log").count == 2)
        let verified = try mapfray("verify", scratch.file("log"), "--pid", "all")
        #expect(verified.status == 0, "\(verified.text)")
    }

    @Test func `an environment that is too long stays as it is, which is told`() throws {
        let program = try scratch.compile("executor", Self.executor, ["-w"])
        try record([program, "execve", "5000"])
        #expect(try scratch.contents("log").count == 1)
        #expect(try report().contains("a program was executed unrecorded: its"))
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a program of a user who cannot reach the log is told of`() throws {
        let program = try scratch.compile(
            "other-user",
            """
            #define _GNU_SOURCE
            #include <sys/mman.h>
            #include <unistd.h>
            int main(void)
            {
                if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
                    return 1;
                execl("/bin/true", "true", (char *)0);
                return 2;
            }
            """)
        try record([program])
        #expect(try report().contains("a program was executed unrecorded: "))
    }
}

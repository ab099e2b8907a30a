import Foundation
import Testing

@Suite struct ProcessTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Records a program and expects it to say what it says without mapfray, and `warning` behind it; gives the
    /// number of logs.
    private func record(_ options: [String] = [], _ command: [String], warning: String? = nil) throws -> Int {
        let native = try run(command[0], Array(command.dropFirst()))
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log")] + options + command,
            environment: ["MAPFRAY_RING": "262144"])
        #expect(recorded.text == native.text)
        #expect(recorded.errors.hasPrefix(native.errors))
        let behind = recorded.errors.dropFirst(native.errors.count)
        #expect(warning.map { behind.contains($0) } ?? behind.isEmpty, "\(behind)")
        #expect(recorded.status == native.status)
        return try scratch.contents("log").count
    }

    @Test(arguments: [
        "loop", "range", "from", "dup2", "dup3", "unopened", "raw", "used-up", "listed", "information",
        "filtered",
    ])
    func `descriptors are the program's own, and the log goes on`(way: String) throws {
        let program = try scratch.compileWorkload("descriptors", ["-w"])
        #expect(try record([], [program, way]) == 1)
        let events = try mapfray("events", scratch.file("log"))
        let made = events.lines.count { $0.contains(" mprotect(") && $0.contains(", 4096, PROT_NONE)") }
        #expect(made == 3000)
        #expect(try mapfray("verify", scratch.file("log")).status == 0)
    }

    @Test func `the program is reported and not the one that executed it`() throws {
        _ = try record([], ["/usr/bin/env", "A=1", "/bin/true"])
        let report = try mapfray("report", scratch.file("log"), "--json").object
        let process = try #require(report["process"] as? [String: Any])
        #expect(process["command"] as? [String] == ["/bin/true"])
        #expect(process["exit_status"] as? Int == 0)
    }

    @Test func `an end by syscall is an orderly one`() throws {
        let program = try scratch.compile(
            "ends",
            "#include <sys/syscall.h>\n#include <unistd.h>\nint main(void) { syscall(SYS_exit_group, 7); }")
        _ = try record([], [program])
        let verified = try mapfray("verify", scratch.file("log"), "--json").object
        let snapshots = try #require(verified["snapshots"] as? [[String: Any]])
        #expect(snapshots.map { $0["reason"] as? String } == ["start", "exit"])
    }

    @Test func `a child that cannot be recorded is told of`() throws {
        try scratch.write("child.c", "int main(void) { return 0; }")
        let built = try run(
            "/usr/bin/cc", ["-static", "-o", scratch.file("child"), scratch.file("child.c")])
        try #require(built.status == 0, "\(built.errors)")
        let child = scratch.file("child")
        for script in ["\(child); :", "(\(child); :); :", "exec \(child)"] {
            let log = scratch.file("log-\(script.count)")
            let recorded = try run(mapfrayPath(), ["record", "-o", log, "/bin/sh", "-c", script])
            #expect(recorded.status == 0)
            let words = recorded.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains(" went on unrecorded as \(child), a static program"), "\(script): \(words)")
        }
    }

    @Test func `the trust line says what is hooked and what is not`() throws {
        let program = try scratch.compile(
            "number",
            """
            #include <sys/syscall.h>
            int main(int count, char **arguments)
            {
                long number = SYS_getpid + 0 * count;
                __asm__ volatile("" : "+r"(number));
                /* A jump of five bytes before the call would overwrite where this one leads to. */
                __asm__ volatile("jrcxz 1f; mov %1, %%rbx; 1: mov %1, %%rax; syscall" : : "a"(0), "r"(number)
                                 : "rbx", "rcx", "r11", "memory");
                return 0;
            }
            """)
        let log = scratch.file("log")
        let recorded = try run(mapfrayPath(), ["record", "-o", log, program])
        let words = recorded.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let gap = "not covered: 1 system call instruction in number, whose number is computed"
        #expect(words.contains("nothing lost; \(gap); covered: libc's functions and "), "\(words)")
        let verified = try mapfray("verify", log)
        #expect(verified.text.contains(gap) && verified.text.contains("covered: libc's functions and "))
    }

    /// The bytes of `mov $15, %eax; syscall`, by which unwinders know a signal frame, stand in a constant of theirs.
    @Test func `a constant that looks like a system call is none`() throws {
        let program = try scratch.compile(
            "constant",
            """
            int main(int count, char **arguments)
            {
                unsigned long constant;
                __asm__("movabs $0x050f0000000fc0c7, %0" : "=c"(constant));
                return constant == (unsigned long)count;
            }
            """)
        let log = scratch.file("log")
        #expect(try run(mapfrayPath(), ["record", "-o", log, program]).status == 0)
        let verified = try mapfray("verify", log)
        #expect(verified.text.contains("covered: libc's functions and "), "\(verified.text)")
        #expect(!verified.text.contains("not covered"), "\(verified.text)")
    }

    @Test(arguments: ["-Hn 64", "-Sn 64", "-Hn 24"])
    func `few descriptors are left to the program`(limit: String) throws {
        let program = try scratch.compileWorkload("descriptors", ["-w"])
        let words = limit.split(separator: " ")
        let command = "ulimit -S\(words[0].dropFirst(2)) \(words[1]); ulimit \(limit); exec \(program) loop"
        _ = try record([], ["/bin/bash", "-c", command])
        let events = try mapfray("events", scratch.file("log"), "--pid", "all")
        let made = events.lines.count { $0.contains(" mprotect(") && $0.contains(", 4096, PROT_NONE)") }
        #expect(made >= 3000)
    }

    /// The tracer's numbers are beyond the limit, where they take nothing of it.
    @Test(arguments: [150, 1024, 4000])
    func `all descriptors are the program's where more may be asked for`(limit: Int) throws {
        let program = try scratch.compile(
            "all-descriptors",
            """
            #include <fcntl.h>
            #include <stdio.h>
            #include <sys/mman.h>
            #include <unistd.h>
            int main(void)
            {
                int last = 2, next;
                while ((next = open("/dev/null", O_RDONLY)) >= 0)
                    last = next == last + 1 ? next : 0;
                printf("last %d, %d %d\\n", last, dup2(0, last), dup2(0, last + 1));
                for (int i = 0; i < 3000; i++)
                    mprotect((char *)((long)main & -4096L), 4096, PROT_READ | PROT_EXEC);
                while (last > 2 && close(last) == 0)
                    last--;
                printf("%d\\n", last);
                return 0;
            }
            """)
        #expect(try record([], ["/bin/bash", "-c", "ulimit -Sn \(limit); exec \(program)"]) == 2)
        let verified = try mapfray("verify", scratch.file("log"))
        #expect(verified.status == 0 && verified.text.contains("lost records: 0"), "\(verified.text)")
    }

    @Test(arguments: ["kill", "refuse"])
    func `a filter of the program's own ends nothing but the lists`(answer: String) throws {
        let program = try scratch.compileWorkload("confined")
        #expect(try record([], [program, answer], warning: "installed a seccomp filter") == 1)
        let report = try mapfray("report", scratch.file("log"), "--json")
        let calls = try #require(report.object["calls"] as? [String: Any])
        let (total, lost) = (calls["total"] as? Int ?? 0, calls["lost"] as? Int ?? 0)
        #expect(total > 1500)
        #expect(total + lost >= 13500)
        #expect(try mapfray("verify", scratch.file("log")).text.contains("installed a seccomp filter"))
    }

    @Test func `a cleared environment does not end the recording`() throws {
        let program = try scratch.compileWorkload("children")
        // The program, five that it executes, and the child whose execve fails.
        #expect((6...7).contains(try record([], [program])))
    }

    @Test func `--follow no stops at the first process`() throws {
        let program = try scratch.compileWorkload("children")
        #expect(try record(["--follow", "no"], [program]) == 1)
    }

    @Test func `--follow no goes on through execve`() throws {
        let command = "exec /bin/sh -c '/bin/true; exec /bin/ls /dev/null'"
        #expect(try record(["--follow", "no"], ["/bin/sh", "-c", command]) == 3)
    }
}

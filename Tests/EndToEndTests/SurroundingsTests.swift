import Foundation
import Testing

/// Programs that live under tight limits, or make their surroundings hard for whoever watches them from inside.
@Suite struct SurroundingsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Records a command, expects it to go as without mapfray, and gives what verify says of the process with the
    /// highest peak.
    @discardableResult
    private func record(_ program: String, _ arguments: [String], ring: Int = 262_144) throws -> String {
        let native = try run(program, arguments)
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log"), program] + arguments,
            environment: ["MAPFRAY_RING": "\(ring)"])
        #expect(recorded.text == native.text, "\(arguments)")
        #expect(recorded.status == native.status, "\(arguments): \(recorded.errors)")
        #expect(!recorded.errors.contains("ld.so"), "\(recorded.errors)")
        return try mapfray("verify", scratch.file("log")).text
    }

    private func logs() throws -> Int { try scratch.contents("log").count }

    /// Runs a program of ours under limits, as `ulimit` sets them.
    private func recordUnder(_ limits: String, _ program: String) throws {
        try record("/bin/bash", ["-c", "ulimit \(limits); exec \(program) work"], ring: 1 << 20)
    }

    /// Kilobytes; the tracer's own writable data must leave room for the program's.
    @Test(arguments: ["-d 1024", "-d 400", "-v 16384", "-v 8192", "-s 64", "-n 8", "-l 0"])
    func `tight limits are left to the program`(limits: String) throws {
        let program = try scratch.compileWorkload("surroundings")
        try recordUnder(limits, program)
        // bash, the program and its two children.
        #expect(try logs() >= 3, "\(limits)")
    }

    /// Files of no more than so many kilobytes: the log ends there, and no SIGXFSZ reaches the program.
    @Test(arguments: [0, 100, 300, 1100])
    func `RLIMIT_FSIZE ends the log and not the program`(limit: Int) throws {
        let program = try scratch.compileWorkload("surroundings")
        let command = ["-c", "ulimit -f \(limit); exec \(program) work"]
        let native = try run("/bin/bash", command)
        let library = URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent()
        let recorded = try run(
            "/bin/bash", command,
            environment: [
                "LD_PRELOAD": library.appendingPathComponent("libmapfray-preload.so").path,
                "MAPFRAY_OUTPUT": scratch.file("log"), "MAPFRAY_RING": "262144",
            ])
        #expect(recorded.text == native.text)
        #expect(recorded.errors == native.errors)
        #expect(recorded.status == native.status)
    }

    @Test func `a daemon is recorded behind its two forks`() throws {
        let program = try scratch.compileWorkload("surroundings")
        let answer = scratch.file("answer")
        try record(program, ["daemon", answer])
        try eventually { (try? String(contentsOfFile: answer, encoding: .utf8)) == "done\n" }
        try eventually { try !mapfray("verify", scratch.file("log")).text.contains("recording") }
        #expect(try logs() == 3)
        let events = try mapfray("events", scratch.file("log"), "--pid", "all").lines
        #expect(events.count { $0.contains(" mprotect(") && $0.contains(", 4096, PROT_NONE)") } == 3100)
    }

    @Test(
        .enabled(if: getuid() == 0, "only root can become somebody else"), arguments: ["user", "undumpable"])
    func `after a change of user the log says what is missing`(way: String) throws {
        let program = try scratch.compileWorkload("surroundings")
        let library = try scratch.compile("raw.so", Self.raw, ["-shared", "-fPIC"])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path)
        let text = try record(program, [way, library])
        try scratch.expectInexact("log", because: "a call instruction of a library could not be redirected")
        #expect(text.contains("1 forked child could not begin a log (Permission denied)"), "\(text)")
        #expect(
            text.contains("1 system call instruction in raw.so, which could not be redirected"), "\(text)")
        #expect(text.contains("lost records: 0"))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/valgrind"), "no valgrind here"))
    func `valgrind finds no fault with the tracer`() throws {
        let program = try scratch.compile(
            "maps",
            """
            #include <pthread.h>
            #include <sys/mman.h>
            static void *map(void *unused)
            {
                munmap(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                return unused;
            }
            int main(void)
            {
                pthread_t threads[20];
                for (int i = 0; i < 20; i++)
                    pthread_create(&threads[i], 0, map, 0);
                for (int i = 0; i < 20; i++)
                    pthread_join(threads[i], 0);
                return 0;
            }
            """, ["-pthread"])
        let command = ["-q", "--error-exitcode=9", program]
        let native = try run("/usr/bin/valgrind", command)
        let recorded = try run(
            mapfrayPath(), ["record", "--quiet", "-o", scratch.file("log"), "/usr/bin/valgrind"] + command)
        #expect(recorded.status == native.status)
        #expect(recorded.text == native.text)
        #expect(recorded.errors == native.errors)
        // valgrind executes itself before it interprets the program.
        let newest = try #require(scratch.contents("log").last { $0.hasSuffix(".mapfray") })
        let verified = try mapfray("verify", scratch.file("log/\(newest)"))
        #expect(verified.text.contains("not covered: what valgrind maps for itself"), "\(verified.text)")
        try scratch.expectInexact("log", because: "valgrind maps memory of its own in the process")
    }

    /// As the process that sshd leaves the network to.
    @Test func `of a child that may open nothing the log says why it is missing`() throws {
        let program = try scratch.compile(
            "confined",
            """
            #include <sys/mman.h>
            #include <sys/resource.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void)
            {
                setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
                if (fork() == 0)
                    return munmap(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                return wait(0) < 0;
            }
            """)
        try record(program, [])
        let text = try mapfray("report", scratch.file("log"), environment: ["COLUMNS": "400"]).text
        #expect(
            text.contains(
                "1 forked child could not begin a log (Too many open files): RLIMIT_NOFILE left them no descriptor"
            ),
            "\(text)")
    }

    /// A library with a system call of its own.
    private static let raw = """
        __attribute__((constructor)) static void map(void)
        {
            long result;
            register long flags __asm__("r10") = 34, file __asm__("r8") = -1, offset __asm__("r9") = 0;
            __asm__ volatile("movl $9, %%eax; syscall"
                             : "=a"(result)
                             : "D"(0), "S"(4096), "d"(3), "r"(flags), "r"(file), "r"(offset)
                             : "rcx", "r11", "memory");
        }
        """

    /// As qemu-x86_64 shows it to a program that it runs, in the process that it is itself.
    @Test(.enabled(if: getuid() == 0, "only root can mount"))
    func `where the list is not the kernel's nothing is recorded`() throws {
        let library = URL(fileURLWithPath: try mapfrayPath()).deletingLastPathComponent()
            .appendingPathComponent("libmapfray-preload.so")
        let script = """
            cp /proc/self/maps \(scratch.file("list")) && mount --bind \(scratch.file("list")) /proc/$$/maps &&
            LD_PRELOAD=\(library.path) MAPFRAY_OUTPUT=\(scratch.file("log")) exec /bin/echo done
            """
        let done = try run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        #expect(done.text == "done\n" && done.errors == "" && done.status == 0)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("log")))
    }

    @Test(.enabled(if: getuid() == 0, "only root can unmount"))
    func `without proc there are no lists, and the log says so`() throws {
        let program = try scratch.compileWorkload("surroundings")
        try record(program, ["unmounted"])
        #expect(try logs() == 3)
        let processes = Set(try scratch.contents("log").compactMap { $0.split(separator: ".").first })
        let texts = try processes.map { try mapfray("verify", scratch.file("log"), "--pid", "\($0)").text }
        #expect(texts.count { $0.contains("the list of VMAs could not be read") } == 2, "\(texts)")
        #expect(texts.allSatisfy { $0.contains("lost records: 0") })
    }

    @Test(.enabled(if: getuid() == 0, "only root can change the root"))
    func `a program that is executed in another root loads no library that is not there`() throws {
        let program = try scratch.compileWorkload("surroundings")
        let root = scratch.file("root")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        let libraries = try run("/usr/bin/ldd", ["/bin/true"]).text.split(whereSeparator: \.isWhitespace)
            .filter { $0.hasPrefix("/") }
        for library in libraries {
            let place = URL(fileURLWithPath: root + library)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? FileManager.default.copyItem(atPath: String(library), toPath: place.path)
        }
        try FileManager.default.copyItem(atPath: "/bin/true", toPath: root + "/program")
        let text = try record(program, ["chroot", root])
        #expect(text.contains("1 forked child could not begin a log (No such file or directory)"), "\(text)")
    }
}

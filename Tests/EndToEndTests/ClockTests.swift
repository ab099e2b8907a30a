import Foundation
import Testing

/// The times in a log are the kernel's CLOCK_MONOTONIC, although they are computed from the processor's counter.
@Suite struct ClockTests {
    /// Nanoseconds by which FORMAT.md lets a time differ.
    private static let allowed = 1000

    private struct Interval {
        var begin, end: Int
    }

    /// What the program saw around each of its calls, and what the log says of them.
    private func recorded() throws -> (program: [Interval], log: [Interval]) {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("clock", ["-pthread"])
        let log = scratch.file("log")
        let result = try mapfray("record", "--quiet", "-o", log, "--", program, "4000", "2000")
        let page = try #require(result.lines.first)
        let seen = result.lines.dropFirst().map { line in
            let times = line.split(separator: " ").compactMap { Int($0) }
            return Interval(begin: times[0], end: times[1])
        }
        let events = try mapfray("events", log).lines.filter { $0.contains(" madvise(\(page),") }
        return (seen, events.compactMap(interval))
    }

    /// BEGIN_NS PID TID call(arguments) = result <seconds>
    private func interval(_ event: Substring) -> Interval? {
        guard let begin = event.split(separator: " ").first.flatMap({ Int($0) }),
            let seconds = event.split(separator: "<").last.flatMap({ Double($0.dropLast()) })
        else { return nil }
        return Interval(begin: begin, end: begin + Int((seconds * 1e9).rounded()))
    }

    @Test func `a call lies between what its program saw before and after it, on two threads in turn`() throws
    {
        let (program, log) = try recorded()
        try #require(program.count == 4000 && log.count == 4000)
        /* Long enough for the counter to have been taken up, and held against the kernel's clock again. */
        #expect(program[3999].end - program[0].begin > 300_000_000)
        for (seen, call) in zip(program, log) {
            #expect(call.begin >= seen.begin - Self.allowed && call.end <= seen.end + Self.allowed)
        }
    }

    @Test func `a call that follows another thread's has the later time, exactly`() throws {
        let (_, log) = try recorded()
        try #require(log.count == 4000)
        for (earlier, later) in zip(log, log.dropFirst()) {
            #expect(earlier.end <= later.begin)
        }
    }

    /// Libraries that feign another time (libfaketime) stand in for libc's function.
    @Test func `a clock that a program has in libc's place is not asked`() throws {
        let scratch = try Scratch()
        let program = try scratch.compile(
            "feigns",
            """
            #include <stdio.h>
            #include <sys/mman.h>
            #include <time.h>
            static int asked;
            int clock_gettime(clockid_t clock, struct timespec *now)
            {
                asked++;
                *now = (struct timespec){1000 * clock, 0};
                return 0;
            }
            int main(void)
            {
                for (int i = 0; i < 100; i++)
                    munmap(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                printf("asked %d times\\n", asked);
                return 0;
            }
            """, ["-rdynamic"])
        let before = DispatchTime.now().uptimeNanoseconds
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        #expect(recorded.text == "asked 0 times\n")
        let begins = try mapfray("events", scratch.file("log")).lines.compactMap { interval($0)?.begin }
        #expect(begins.count >= 200 && begins.allSatisfy { $0 > before })
    }

    /// What the kernel's clock is read from may go, also before a filter, for which it is looked at; the program that takes it away must not ask for the time itself.
    @Test(arguments: ["moves", "unmaps", "forbids", "seals off"])
    func `a program that takes the vDSO or the counter away goes on`(way: String) throws {
        let scratch = try Scratch()
        let program = try scratch.compile(
            "takes",
            """
            #define _GNU_SOURCE
            #include <linux/filter.h>
            #include <linux/seccomp.h>
            #include <stdio.h>
            #include <string.h>
            #include <sys/auxv.h>
            #include <sys/mman.h>
            #include <sys/prctl.h>
            #include <unistd.h>
            int main(int count, char **arguments)
            {
                char line[256], *code = (char *)getauxval(AT_SYSINFO_EHDR);
                unsigned long end = 0;
                FILE *maps = fopen("/proc/self/maps", "r");
                while (fgets(line, sizeof line, maps))
                    if (strstr(line, "[vdso]"))
                        sscanf(line, "%*lx-%lx", &end);
                fclose(maps);
                size_t size = end - (unsigned long)code;
                int failed = 0;
                if (arguments[1][0] == 'm') {
                    void *place = mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    failed = mremap(code, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place;
                } else if (arguments[1][0] == 'u') {
                    failed = munmap(code, size) != 0;
                } else {
                    failed = prctl(PR_SET_TSC, PR_TSC_SIGSEGV) != 0;
                }
                if (arguments[1][0] == 's') {
                    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
                    struct sock_fprog program = {1, &allow};
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                    failed |= prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
                }
                for (int i = 0; i < 100000; i++)
                    munmap(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                puts(failed ? "failed" : "went on");
                return 0;
            }
            """)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program, way)
        #expect(recorded.text == "went on\n" && recorded.status == 0)
        #expect(try mapfray("verify", scratch.file("log")).status == 0)
        #expect(try mapfray("events", scratch.file("log")).lines.count > 200_000)
    }
}

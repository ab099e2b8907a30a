import Foundation
import Testing

/// Threads whose calls overlap in time: their order is found from the answers, and from what the kernel was asked.
@Suite struct ThreadsTests {
    /// A minute where MAPFRAY_LONG_TESTS is set; it shows no more than three seconds do, only more often.
    private static let seconds = ProcessInfo.processInfo.environment["MAPFRAY_LONG_TESTS"] == nil ? "3" : "60"

    private func comparable(_ lines: some Sequence<Substring>) -> [String] {
        lines.compactMap(MapsLines.comparable)
    }

    @Test func `eight threads that map and unmap at full speed leave the kernel's map`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("threads-storm", ["-pthread"])
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program, Self.seconds, "8", "apart")
        #expect(recorded.status == 0, "\(recorded.errors)")
        let instant = try #require(recorded.lines.first)
        let replayed = try mapfray("maps", log, "--all", "--at", "@\(instant)")
        #expect(comparable(replayed.lines) == comparable(recorded.lines.dropFirst()))
        #expect(replayed.lines.count > 200)
    }

    /// A recorded run of threads-random, which tells its map at each barrier and in each child.
    private struct Random: CustomTestStringConvertible {
        let seed, threads, rounds, calls: Int
        /// Whether all pages are any thread's.
        var isTogether = false
        var testDescription: String { "seed \(seed), \(threads) threads\(isTogether ? ", same pages" : "")" }
    }

    /// What they ask for is the seed's, when is not.
    @Test(
        arguments: [
            // What was asked of the kernel after a call was only its first VMA, once there were threads.
            Random(seed: 1, threads: 1, rounds: 20, calls: 500),
            Random(seed: 3, threads: 1, rounds: 20, calls: 500),
            Random(seed: 2, threads: 3, rounds: 5, calls: 100),
            Random(seed: 5, threads: 3, rounds: 5, calls: 100),
            // Of two calls over the same pages either was taken for the last.
            Random(seed: 2, threads: 2, rounds: 12, calls: 300, isTogether: true),
            Random(seed: 7, threads: 4, rounds: 12, calls: 150, isTogether: true),
        ])
    private func `random calls of several threads leave the kernel's map at every barrier`(_ run: Random)
        throws
    {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("threads-random", ["-pthread"])
        let log = scratch.file("log")
        let mapped = try scratch.write("mapped", bytes: Data(count: 4 << 20))
        let recorded = try mapfray(
            "record", "--quiet", "-o", log, "--", program, "\(run.seed)", "\(run.threads)", "\(run.rounds)",
            "\(run.calls)", mapped, run.isTogether ? "together" : "apart")
        #expect(recorded.status == 0, "\(recorded.errors)")
        let told = recorded.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(told.count > run.rounds)
        for block in told { try compare(block, log) }
    }

    /// What the program told, `PID TIME` and its map, with the replay's at that instant.
    private func compare(_ block: String, _ log: String) throws {
        let lines = block.split(separator: "\n")
        let head = lines[0].split(separator: " ")
        let replayed = try mapfray("maps", log, "--all", "--pid", "\(head[0])", "--at", "@\(head[1])")
        let (model, kernel) = (comparable(replayed.lines), comparable(lines.dropFirst()))
        #expect(model == kernel, "process \(head[0]) at @\(head[1])")
    }

    /// mlock waits for pages; the thread that maps anew what it locked must not wait for it for ever, and is not taken
    /// for the first because its calls ended first.
    @Test func `a call that stands still in the kernel is overtaken, and was the first`() throws {
        let scratch = try Scratch()
        let program = try scratch.compileWorkload("overtaken", ["-pthread"])
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        guard !recorded.text.isEmpty else { return print("skipped: userfaultfd is refused here") }
        try compare(recorded.text, log)
        let verified = try mapfray("verify", log)
        #expect(verified.status == 0, "\(verified.text)")
    }

    /// A thread that libc knows nothing of, and that has no storage: its calls are its own instructions.
    private static let withoutStorage = """
        #define _GNU_SOURCE
        #include <sched.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        static char stack[1 << 16] __attribute__((aligned(16)));
        static volatile int is_done;
        static long ask(long number, long a, long b, long c, long d, long e)
        {
            long result;
            register long fourth asm("r10") = d, fifth asm("r8") = e, sixth asm("r9") = 0;
            asm volatile("syscall" : "=a"(result)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                         : "rcx", "r11", "memory");
            return result;
        }
        static int churn(void *unused)
        {
            for (int i = 0; i < 100; i++) {
                long block = ask(SYS_mmap, 0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
                ask(SYS_mprotect, block, 4096 << i % 2, PROT_NONE, 0, 0);
            }
            is_done = 1;
            for (;;)
                ask(SYS_exit, 0, 0, 0, 0, 0);
            return unused != 0;
        }
        int main(void)
        {
            int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS;
            if (clone(churn, stack + sizeof stack, flags, 0, (void *)0, (void *)0) < 0)
                return 1;
            while (!is_done)
                usleep(100);
            return 0;
        }
        """

    @Test func `a thread without storage maps as others do`() throws {
        let scratch = try Scratch()
        let program = try scratch.compile("bare-thread", Self.withoutStorage, ["-fno-stack-protector"])
        let log = scratch.file("log")
        let recorded = try mapfray("record", "--quiet", "-o", log, "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", log)
        #expect(verified.status == 0, "\(verified.text)")
        #expect(try mapfray("events", log, "--json").lines.count { $0.contains("8192") } >= 100)
    }
}

import Foundation
import Testing

/// Signal handlers that jump out of calls, and so out of the tracer in the midst of its work.
@Suite struct JumpTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Jumps for as long as that takes, at every moment of a call, and then goes on without.
    private static let program = """
        #include <setjmp.h>
        #include <signal.h>
        #include <stdio.h>
        #include <sys/mman.h>
        #include <sys/time.h>

        static sigjmp_buf start;
        static volatile int jumps;

        static void churn(int times)
        {
            for (int i = 0; i < times; i++) {
                char *block = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                mprotect(block + 4096, 4096, PROT_NONE);
                munmap(block, 3 * 4096);
            }
        }

        static void jump(int signal)
        {
            jumps += signal != 0;
            siglongjmp(start, 1);
        }

        int main(void)
        {
            struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
            sigset_t alarm;
            sigemptyset(&alarm);
            sigaddset(&alarm, SIGALRM);
            sigprocmask(SIG_UNBLOCK, &alarm, 0); /* whoever started this may have blocked it */
            signal(SIGALRM, jump);
            setitimer(ITIMER_REAL, &often, 0);
            sigsetjmp(start, 1);
            while (jumps < 1000)
                churn(50);
            setitimer(ITIMER_REAL, &never, 0);
            churn(10000);
            puts("done");
            return 0;
        }
        """

    @Test func `what was lost by a jump is made up for by a list`() throws {
        let program = try scratch.compile("jump", Self.program)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), program)
        #expect(recorded.status == 0 && recorded.text == "done\n" && recorded.errors.isEmpty)
        try scratch.expectInexact("log", because: "handlers jumped out of calls that the kernel had made")
        let verified = try mapfray("verify", scratch.file("log"), "--json").object
        let snapshots = verified["snapshots"] as? [[String: Any]] ?? []
        #expect(snapshots.last?["reason"] as? String == "exit", "\(verified)")
        #expect(snapshots.last?["different"] as? Int == 0)
        #expect(verified["lost"] as? Int == 0)
        let notes = verified["notes"] as? [String] ?? []
        #expect(notes.count { $0.contains("a call was left before it was written down") } == 1, "\(notes)")
        // Every segment of the ring held a record that was never finished: the log is read to its end all the same.
        let events = try mapfray("events", scratch.file("log"))
        #expect(events.lines.count > 30000)
        #expect(!events.errors.contains("contradicts"), "\(events.errors)")
    }

    /// Each call has a backtrace of its own, which the tracer writes down in a buffer; one thread more, so that calls
    /// take turns.
    private static let leaver = """
        #include <pthread.h>
        #include <setjmp.h>
        #include <signal.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <unistd.h>

        static sigjmp_buf start;
        static volatile int jumps;
        static volatile unsigned path = 1 << 20;
        static void one(unsigned path);
        static void two(unsigned path);
        static void call(void)
        {
            munmap(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
        }
        static void go(unsigned path)
        {
            if (path < 2)
                call();
            else if (path & 1)
                one(path >> 1);
            else
                two(path >> 1);
            __asm__ volatile("");
        }
        __attribute__((noinline)) static void one(unsigned path) { go(path); __asm__ volatile(""); }
        __attribute__((noinline)) static void two(unsigned path) { go(path); __asm__ volatile(""); }
        static void jump(int signal)
        {
            jumps += signal != 0;
            siglongjmp(start, 1);
        }
        static void *idle(void *unused)
        {
            call();
            pause();
            return unused;
        }
        int main(void)
        {
            struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
            sigset_t alarm;
            pthread_t thread;
            sigemptyset(&alarm);
            sigaddset(&alarm, SIGALRM);
            pthread_sigmask(SIG_BLOCK, &alarm, 0);
            pthread_create(&thread, 0, idle, 0);
            usleep(10000);
            pthread_sigmask(SIG_UNBLOCK, &alarm, 0);
            signal(SIGALRM, jump);
            setitimer(ITIMER_REAL, &often, 0);
            sigsetjmp(start, 1);
            while (jumps < 2000)
                one(path++);
            setitimer(ITIMER_REAL, &never, 0);
            for (int i = 0; i < 3000; i++)
                two(path++);
            return 0;
        }
        """

    @Test func `a jump takes nothing from the tracer that it needs`() throws {
        let program = try scratch.compile("leaver", Self.leaver, ["-pthread"])
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        try scratch.expectInexact("log", because: "handlers jumped out of calls that the kernel had made")
        let verified = try mapfray("verify", scratch.file("log"), "--json").object
        let snapshots = verified["snapshots"] as? [[String: Any]] ?? []
        #expect(snapshots.last?["reason"] as? String == "exit", "\(verified)")
        #expect(snapshots.last?["different"] as? Int == 0)
        let notes = verified["notes"] as? [String] ?? []
        #expect(!notes.contains { $0.contains("had not returned when the process ended") }, "\(notes)")
        let last = try mapfray("events", scratch.file("log")).lines.suffix(1000)
        #expect(!last.contains { $0.contains("no backtrace") }, "\(last.last ?? "")")
    }
}

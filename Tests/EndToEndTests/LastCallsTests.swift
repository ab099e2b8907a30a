import Foundation
import Testing

/// Processes that end while calls are under way, which nobody is left to write down.
@Suite struct LastCallsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Maps and unmaps memory in another thread, or in the one that a timer interrupts, until it ends by itself.
    private static let program = """
        #define _GNU_SOURCE
        #include <pthread.h>
        #include <signal.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <unistd.h>

        static void *churn(void *unused)
        {
            const size_t size = 32 << 20;
            for (;;)
                munmap(mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), size);
            return unused;
        }

        static char *region;

        static void *alternate(void *unused)
        {
            const size_t size = 64 * 4096;
            region = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (;;) {
                mprotect(region, size, PROT_NONE);
                mprotect(region, size, PROT_READ);
            }
            return unused;
        }

        static void end(int signal)
        {
            if (region)
                mprotect(region + 16 * 4096, 16 * 4096, PROT_READ | PROT_WRITE);
            _exit(signal == SIGALRM ? 7 : 8);
        }

        int main(int count, char **arguments)
        {
            const char *way = arguments[1];
            useconds_t wait = 10000 + 1000 * atoi(arguments[2]);
            pthread_t thread;
            if (strncmp(way, "handler", 7) == 0) {
                static char stack[1 << 16];
                stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
                struct sigaction action = {.sa_handler = end};
                if (strstr(way, "stack")) {
                    if (strstr(way, "high")) /* above every thread's own */
                        other.ss_sp = mmap((void *)0x7ffffff00000, sizeof stack, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
                    sigaltstack(&other, 0);
                    action.sa_flags = SA_ONSTACK;
                }
                struct itimerval once = {{0, 0}, {0, wait}};
                sigset_t alarm;
                sigemptyset(&alarm);
                sigaddset(&alarm, SIGALRM);
                sigprocmask(SIG_UNBLOCK, &alarm, 0); /* whoever started this may have blocked it */
                sigaction(SIGALRM, &action, 0);
                setitimer(ITIMER_REAL, &once, 0);
                strstr(way, "calls") ? alternate(0) : churn(0);
            }
            pthread_create(&thread, 0, churn, 0);
            usleep(wait);
            if (strcmp(way, "execute") == 0)
                execl("/bin/sh", "sh", "-c", "exit 7", (char *)0);
            if (strcmp(way, "_exit") == 0)
                _exit(7);
            exit(7);
        }
        """

    /// Whether the first image's last list was rebuilt, and what its log has to say.
    private func record(_ program: String, _ way: String, _ turn: Int) throws -> (
        exact: Bool, notes: [String]
    ) {
        let log = scratch.file("log-\(turn)")
        let recorded = try run(mapfrayPath(), ["record", "--quiet", "-o", log, program, way, "\(turn)"])
        try #require(recorded.status == 7 && recorded.errors.isEmpty, "\(recorded)")
        let first = try #require(scratch.contents("log-\(turn)").min())
        let verified = try mapfray("verify", "\(log)/\(first)", "--json").object
        let last = try #require((verified["snapshots"] as? [[String: Any]])?.last)
        try #require(last["reason"] as? String == "exit", "\(verified)")
        return (last["different"] as? Int == 0, verified["notes"] as? [String] ?? [])
    }

    private func tells(_ notes: [String]) -> Bool {
        notes.contains { $0.contains("calls had not returned when the process ended") }
    }

    @Test(arguments: ["_exit", "exit", "execute"])
    func `the last list waits for the calls of other threads`(way: String) throws {
        let program = try scratch.compile("last-calls", Self.program, ["-pthread"])
        for turn in 0..<8 {
            let end = try record(program, way, turn)
            // On a machine so busy that a call takes longer than is waited for, it is named.
            #expect(end.exact || tells(end.notes), "\(turn): \(end.notes)")
            if !end.exact {
                try scratch.expectInexact("log-\(turn)", because: "a call took longer than is waited for")
            }
        }
    }

    /// Where the kernel returned from it; and in the order of the handler's own calls.
    @Test(arguments: ["handler", "handler's stack", "handler's calls", "handler's calls, high stack"])
    func `a call that the ending handler interrupted is written down`(way: String) throws {
        let program = try scratch.compile("last-calls", Self.program, ["-pthread"])
        for turn in 0..<8 {
            let end = try record(program, way, turn)
            #expect(end.exact, "\(turn): \(end.notes)")
        }
    }

    /// Children that end while their threads make short calls.
    private static let crowd = """
        #include <pthread.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>

        static void *churn(void *unused)
        {
            for (;;) {
                char *block = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                mprotect(block, 4096, PROT_READ);
                munmap(block, 2 * 4096);
            }
            return unused;
        }

        static void end(const char *way)
        {
            pthread_t thread;
            for (int i = 0; i < 3; i++)
                pthread_create(&thread, 0, churn, 0);
            usleep(1500);
            if (strcmp(way, "_exit") == 0)
                _exit(0);
            if (strcmp(way, "exit_group") == 0)
                syscall(SYS_exit_group, 0);
            if (strcmp(way, "execute") == 0)
                execl("/bin/true", "true", (char *)0);
            exit(0);
        }

        int main(int count, char **arguments)
        {
            for (int i = 0; i < 30; i++) {
                if (fork() == 0)
                    end(arguments[1]);
                wait(0);
            }
            return 0;
        }
        """

    @Test(arguments: ["exit", "_exit", "exit_group", "execute"])
    func `what other threads' short calls have changed is written before the end`(way: String) throws {
        let program = try scratch.compile("crowd", Self.crowd, ["-pthread"])
        let log = scratch.file("log")
        let recorded = try run(mapfrayPath(), ["record", "--quiet", "-o", log, program, way])
        try #require(recorded.status == 0 && recorded.errors.isEmpty, "\(recorded)")
        let verified = try mapfray("verify", log, "--pid", "all", "--json").lines
        #expect(verified.count > 30)
        for line in verified where line.contains("\"reason\":\"exit\"") {
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let last = try #require((document["snapshots"] as? [[String: Any]])?.last)
            let notes = document["notes"] as? [String] ?? []
            #expect(last["different"] as? Int == 0 || tells(notes), "\(document)")
        }
    }
}

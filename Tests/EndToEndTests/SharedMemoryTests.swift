import Foundation
import Testing

@Suite struct `Processes that share their memory` {
    /// A forked child and a child that it cloned with CLONE_VM make their first calls at once; the clone ends first.
    private static let source = """
        #define _GNU_SOURCE
        #include <sched.h>
        #include <signal.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/wait.h>
        #include <unistd.h>
        static char stack[1 << 16] __attribute__((aligned(16)));
        static volatile int has_begun;
        static int is_mapped(void)
        {
            return mmap(0, 8192, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
        }
        static int share(void *unused)
        {
            (void)unused;
            has_begun = 1;
            return !is_mapped();
        }
        static void two(void)
        {
            int status;
            pid_t other = clone(share, stack + sizeof stack, CLONE_VM | SIGCHLD, 0);
            while (!has_begun)
                ;
            if (!is_mapped() || waitpid(other, &status, 0) != other)
                _exit(1);
            exit(status != 0);
        }
        int main(void)
        {
            int status = 0;
            for (int i = 0; i < 20 && status == 0; i++) {
                if (fork() == 0)
                    two();
                wait(&status);
            }
            return status != 0;
        }
        """

    @Test func `whichever of two calls first, both are in one log, and it ends with the one who stays`()
        throws
    {
        let scratch = try Scratch()
        let program = try scratch.compile("sharing", Self.source)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let logs = try scratch.contents("log").filter { $0.hasSuffix(".mapfray") }
        #expect(logs.count == 21)
        for log in logs {
            let verified = try mapfray("verify", scratch.file("log/\(log)"))
            #expect(verified.status == 0, "\(verified.text)")
        }
    }
}

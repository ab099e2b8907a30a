import Foundation

/// A small program whose map is known, and a recording of it.
struct Workload {
    let scratch: Scratch
    let log: String
    /// CLOCK_MONOTONIC nanoseconds at which the program read its own map.
    let instant: UInt64
    /// What it read: the kernel's word on that map.
    let maps: String

    /// Cuts a guard page out of each of 100 blocks: every call of hold makes three VMAs of one.
    static let blocks = 100

    init() throws {
        scratch = try Scratch()
        log = scratch.file("log")
        let program = try scratch.compile("workload", Self.source)
        let result = try mapfray("record", "--quiet", "-o", log, program, String(Self.blocks))
        guard result.status == 0, let end = result.text.firstIndex(of: "\n"),
            let instant = UInt64(result.text[..<end])
        else { throw Unexpected(result.errors) }
        self.instant = instant
        maps = String(result.text[result.text.index(after: end)...])
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <time.h>
        #include <unistd.h>

        static char page[4096];

        static void __attribute__((noinline)) hold(void)
        {
            char *block = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (mprotect(block + 4096, 4096, PROT_NONE) != 0)
                _exit(1);
        }

        int main(int argc, char **argv)
        {
            for (int i = 0; i < atoi(argv[1]); i++)
                hold();
            /* Fails for another reason than the limit. */
            if (argc > 9 || mprotect(page, 1, -1) == 0)
                return 1;
            struct timespec now;
            clock_gettime(CLOCK_MONOTONIC, &now);
            char line[32];
            int size = sprintf(line, "%lld\\n", now.tv_sec * 1000000000LL + now.tv_nsec);
            write(1, line, size);
            int maps = open("/proc/self/maps", O_RDONLY);
            for (ssize_t count; (count = read(maps, page, sizeof page)) > 0;)
                write(1, page, count);
            munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
            return 0;
        }
        """
}

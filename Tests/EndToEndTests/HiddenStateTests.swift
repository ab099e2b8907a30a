import Foundation
import Testing

/// Programs whose map depends on what they have not written: no call shows that, so the kernel is asked.
@Suite struct `Hidden state` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// What `verify` says of a recording of a program, which must be exact, and how often it put an anon_vma right.
    private func anonCorrections(_ body: String) throws -> Int {
        let source = """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            enum { PAGE = 4096, PAGES = 600 };
            static char *map(long pages, int rights)
            {
                return mmap(0, pages * PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            }
            int main(void)
            {
                char *area = map(2 * PAGES, PROT_NONE), *source = map(PAGES, PROT_READ | PROT_WRITE);
            \(body)
            }
            """
        let program = try scratch.compile("program", source)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"), "--json")
        #expect(verified.status == 0, "\(verified.text)")
        let corrections = try #require(verified.object["corrections"] as? [String: Int])
        #expect(corrections["unobserved"] == 0)
        #expect(corrections["snapshot"] == 0)
        return try #require(corrections["anon_vma"])
    }

    @Test func `memory that was never written merges where mremap puts it`() throws {
        let corrections = try anonCorrections(
            """
            for (long i = 0, to; i < PAGES; i++) {
                to = i * 7 % PAGES;
                if (mremap(source + i * PAGE, PAGE, PAGE, 3, area + to * PAGE) == MAP_FAILED)
                    return 1;
            }
            return 0;
            """)
        #expect(corrections > 400)
    }

    @Test func `memory written in pieces stays in pieces, memory not written becomes one again`() throws {
        let corrections = try anonCorrections(
            """
            for (long i = 0; i < PAGES; i += 2)
                if (mprotect(source + i * PAGE, PAGE, i % 4 ? PROT_NONE : PROT_READ))
                    return 1;
            for (long i = 1; i < PAGES; i += 4)
                source[i * PAGE] = 1;
            for (long i = 0; i < PAGES; i += 2)
                if (mprotect(source + i * PAGE, PAGE, PROT_READ | PROT_WRITE))
                    return 1;
            /* Cut off before anything was written, and filled again. */
            char *other = map(3, PROT_READ | PROT_WRITE);
            munmap(other + PAGE, PAGE);
            other[0] = other[2 * PAGE] = 1;
            return mmap(other + PAGE, PAGE, 3, 0x32, -1, 0) == MAP_FAILED;
            """)
        #expect(corrections > 0)
    }

    @Test func `what lies above the 32 bits of an int is not looked at`() throws {
        let corrections = try anonCorrections(
            """
            long above = 5L << 32;
            syscall(SYS_pkey_mprotect, source + 2 * PAGE, PAGE, PROT_READ, 0xffffffffL);
            syscall(SYS_mprotect, source + 3 * PAGE, PAGE, PROT_READ);
            syscall(SYS_madvise, source + 6 * PAGE, PAGE, MADV_DONTDUMP | above);
            syscall(SYS_madvise, source + 7 * PAGE, PAGE, MADV_DONTDUMP);
            syscall(SYS_mlock2, source + 9 * PAGE, PAGE, 1 | above);
            syscall(SYS_mlock2, source + 10 * PAGE, PAGE, 1);
            syscall(SYS_personality, 0x400000 | above);
            map(3, PROT_READ);
            return syscall(SYS_mlockall, 2 | above) || map(3, PROT_READ) == MAP_FAILED;
            """)
        #expect(corrections == 0)
    }

    @Test func `before a VMA that refuses mprotect what was not written has become one`() throws {
        let corrections = try anonCorrections(
            """
            enum { FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, WRITABLE = PROT_READ | PROT_WRITE };
            munmap(area, 100 * PAGE);
            mmap(area + 2 * PAGE, 10 * PAGE, PROT_NONE, FIXED, -1, 0);
            mprotect(area + 8 * PAGE, 4 * PAGE, WRITABLE);
            mmap(area, 9 * PAGE, WRITABLE, FIXED, -1, 0);
            mprotect(area + 6 * PAGE, 6 * PAGE, PROT_READ);
            mlock(area + 4 * PAGE, 5 * PAGE);
            mmap(area + 12 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, open("/proc/self/exe", O_RDONLY), 0);
            mprotect(area + PAGE, 9 * PAGE, PROT_NONE);
            return !mprotect(area + 3 * PAGE, 11 * PAGE, PROT_READ | PROT_WRITE) || errno != EACCES;
            """)
        #expect(corrections > 0)
    }

    /// The tracer asks for none of the pieces amidst of the reservation: what it takes for certain must be so.
    @Test(arguments: [1, 2, 3, 4]) func `a reservation made usable piece by piece`(seed: Int) throws {
        _ = try anonCorrections(
            """
            enum { RESERVED = 4000 };
            unsigned random = 977 * \(seed);
            char *reserved = map(RESERVED, PROT_NONE);
            for (long from = 0, pages, gap = 0; from < RESERVED - 20; from += pages) {
                random = random * 1103515245 + 12345;
                char *piece = reserved + from * PAGE;
                pages = gap ? gap : 1 + (random >> 16) % 7;
                gap = 0;
                if (random >> 24 & 1 || mprotect(piece, pages * PAGE, 3))
                    mmap(piece, pages * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (random >> 25 & 1)
                    *piece = 1;
                char *other = reserved + (from * 7 + random % 97) % RESERVED * PAGE;
                switch (random >> 26 & 15) {
                case 0: mprotect(other, 2 * PAGE, PROT_READ); break;
                case 1: munmap(other, PAGE); break;
                case 2: madvise(other, 2 * PAGE, MADV_DONTFORK); break;
                case 3: mmap(other, 2 * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); break;
                case 4: gap = 1 + random % 3; mprotect(piece + (pages + gap) * PAGE, 4 * PAGE, 3); break;
                case 5: mremap(piece, PAGE, PAGE, 3, reserved + (RESERVED - 10) * PAGE); break;
                case 6: mprotect(piece - PAGE, 2 * PAGE, PROT_NONE); break;
                case 7: pages += 2; break;
                }
            }
            return 0;
            """)
    }

    @Test func `a page of a reservation that was written before its turn is asked about`() throws {
        let corrections = try anonCorrections(
            """
            char *reserved = map(100, PROT_NONE), *early = reserved + 4 * PAGE;
            mprotect(early, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
            *early = 1;
            mprotect(early, PAGE, PROT_NONE);
            for (char *piece = reserved; piece <= early; piece += PAGE)
                mprotect(piece, PAGE, PROT_READ | PROT_WRITE);
            return 0;
            """)
        #expect(corrections > 0)
    }

    /// More answers than every process may have: then the kernel is asked where they differ.
    @Test func `memory written here and there stays exact over hundreds of thousands of calls`() throws {
        _ = try anonCorrections(
            """
            unsigned random = 1;
            for (long i = 0; i < 300000; i++) {
                random = random * 1103515245 + 12345;
                char *page = source + (random >> 8) % PAGES * PAGE;
                switch (random >> 28) {
                case 0: case 1: case 2: case 3: mprotect(page, PAGE, PROT_READ); break;
                case 4: mmap(page, PAGE, 3, 0x32, -1, 0); *page = 1; break;
                case 5: mmap(page, PAGE, 3, 0x32, -1, 0); break;
                case 6: munmap(page, PAGE); break;
                case 7: case 8: mmap(page, PAGE, PROT_NONE, 0x32, -1, 0); break;
                default: mprotect(page, PAGE, 3); break;
                }
            }
            return 0;
            """)
    }

    /// More than the machine has is not promised; what lay in several pieces at the destination has gone by then.
    @Test func `a move that grows beyond all memory has cleared its destination`() throws {
        _ = try anonCorrections(
            """
            char *low = (char *)(1UL << 44);
            for (long i = 0; i < 20; i++)
                mmap(low + i * PAGE, PAGE, i % 2 ? 3 : 1, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            return mremap(source, 2 * PAGE, 1UL << 45, 3, low + 3 * PAGE) != MAP_FAILED || errno != ENOMEM;
            """)
    }

    @Test func `private /dev/zero takes the offset of its new place as long as it is not written`() throws {
        let corrections = try anonCorrections(
            """
            int zero = open("/dev/zero", O_RDWR);
            char *mapped = mmap(0, 4 * PAGE, 3, MAP_PRIVATE, zero, 0);
            mremap(mapped, PAGE, PAGE, 3, area);
            mremap(mapped + PAGE, 2 * PAGE, 2 * PAGE, 3, area + PAGE);
            mapped = mmap(0, 4 * PAGE, 3, MAP_PRIVATE, zero, 0);
            *mapped = 1;
            return mremap(mapped, 4 * PAGE, 4 * PAGE, 3, area + 8 * PAGE) == MAP_FAILED;
            """)
        #expect(corrections == 1)
    }

    /// memfd_secret lies on a file system that nothing may be executed from; no flag of the log tells.
    @Test func `mprotect has changed every VMA before the one that refused it`() throws {
        _ = try anonCorrections(
            """
            int secret = (int)syscall(447, 0);
            if (secret < 0 || ftruncate(secret, 4 * PAGE))
                return 0;
            mmap(area, 4 * PAGE, 3, 0x32, -1, 0);
            mmap(area + 4 * PAGE, 2 * PAGE, 1, 0x4032, -1, 0);
            mmap(area + 6 * PAGE, 2 * PAGE, 7, 0x32, -1, 0);
            mmap(area + 8 * PAGE, 2 * PAGE, 3, MAP_SHARED | MAP_FIXED, secret, 0);
            mmap(area + 10 * PAGE, 2 * PAGE, 7, 0x32, -1, 0);
            return mprotect(area + PAGE, 11 * PAGE, 7) == 0;
            """)
    }

    @Test func `what a userfaultfd takes and lets go merges as the kernel has it`() throws {
        let program = try scratch.compile("watched", Self.watchedMemory)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        if recorded.status == 77 {
            print("userfaultfd is refused here, so what it does to VMAs was not tried")
            return
        }
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"))
        #expect(verified.status == 0, "\(verified.text)")
    }

    /// UFFD_FEATURE_EVENT_*: needs CAP_SYS_PTRACE.
    @Test func `a userfaultfd follows forks and moves`() throws {
        let program = try scratch.compile("follows", Self.followed)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        if recorded.status == 77 { return print("userfaultfd's events are refused here") }
        #expect(recorded.status == 0, "\(recorded.errors)")
        let logs = try FileManager.default.contentsOfDirectory(atPath: scratch.file("log"))
            .filter { $0.hasSuffix(".mapfray") }
        #expect(logs.count == 2)
        for log in logs {
            let pid = try #require(log.split(separator: ".").first)
            let verified = try mapfray("verify", scratch.file("log"), "--pid", String(pid))
            #expect(verified.status == 0, "\(verified.text)")
            #expect(verified.text.contains("corrections: none"), "\(verified.text)")
        }
    }

    /// A thread takes the events, for which the calls wait.
    private static let followed = """
        #define _GNU_SOURCE
        #include <linux/userfaultfd.h>
        #include <pthread.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
        static int fd;
        static void *take(void *unused)
        {
            struct uffd_msg message;
            while (read(fd, &message, sizeof message) > 0)
                ;
            return unused;
        }
        static char *map(char *at, long pages)
        {
            char *area = mmap(at, pages * PAGE, RW, ANON | (at ? MAP_FIXED : 0), -1, 0);
            for (long i = 0; i < pages; i++)
                area[i * PAGE] = 1;
            return area;
        }
        int main(void)
        {
            struct uffdio_api api = {.api = UFFD_API,
                                     .features = UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_FORK};
            pthread_t thread;
            int status;
            fd = (int)syscall(SYS_userfaultfd, 0);
            if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
                return 77;
            pthread_create(&thread, 0, take, 0);
            char *area = map(0, 32);
            munmap(area + 8 * PAGE, 24 * PAGE);
            struct uffdio_register range = {{(unsigned long)area, 4 * PAGE}, UFFDIO_REGISTER_MODE_MISSING, 0};
            if (ioctl(fd, UFFDIO_REGISTER, &range))
                return 2;
            mremap(area, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 16 * PAGE);
            map(area + 18 * PAGE, 2);
            pid_t child = fork();
            if (child == 0) {
                map(area + 20 * PAGE, 2);
                mprotect(area + 2 * PAGE, PAGE, PROT_READ);
                mprotect(area + 2 * PAGE, PAGE, RW);
                _exit(0);
            }
            waitpid(child, &status, 0);
            return status;
        }
        """

    /// Registers what was written and what was not; of the two userfaultfds a child holds one, until it ends.
    private static let watchedMemory = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <linux/userfaultfd.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
        static int watcher(void)
        {
            struct uffdio_api api = {.api = UFFD_API};
            int fd = (int)syscall(SYS_userfaultfd, O_NONBLOCK);
            if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
                _exit(77);
            return fd;
        }
        static void watch(int fd, char *at, long pages)
        {
            struct uffdio_register range = {{(unsigned long)at, pages * PAGE}, UFFDIO_REGISTER_MODE_WP, 0};
            if (ioctl(fd, UFFDIO_REGISTER, &range))
                _exit(2);
        }
        static char *pieces(int fd, int more)
        {
            char *area = mmap(0, 8 * PAGE, RW, ANON | more, -1, 0);
            watch(fd, area, 2);
            watch(fd, area + 4 * PAGE, 2);
            return area;
        }
        int main(void)
        {
            int first = watcher(), second = watcher(), wait_for[2], status;
            char *area = mmap(0, 8 * PAGE, RW, ANON, -1, 0);
            watch(first, area, 2);
            area[0] = 1;
            /* Never written: one VMA with what is beside it as soon as it is registered too. */
            if (mmap(area + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED)
                return 3;
            watch(first, area + PAGE, 1);
            /* Written while apart: stays apart. */
            area = pieces(first, MAP_NORESERVE);
            area[0] = area[4 * PAGE] = 1;
            close(first);
            pieces(second, 0);
            if (pipe(wait_for))
                return 4;
            if (fork() == 0) {
                char byte;
                close(wait_for[1]);
                _exit((int)read(wait_for[0], &byte, 1));
            }
            close(second);
            close(wait_for[1]);
            wait(&status);
            return status;
        }
        """
}

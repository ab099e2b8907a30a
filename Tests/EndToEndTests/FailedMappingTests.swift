import Foundation
import Testing

/// Files that refuse to be mapped when what was there has gone already.
@Suite struct `Failed mappings` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func isExact(_ name: String, _ source: String) throws {
        let program = try scratch.compile(name, source)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file(name + ".log"), "--", program)
        #expect(recorded.status == 0, "\(recorded.errors)")
        for log in try scratch.contents(name + ".log") where log.hasSuffix(".mapfray") {
            let verified = try mapfray("verify", scratch.file("\(name).log/\(log)"))
            #expect(verified.status == 0, "\(verified.text)")
        }
    }

    /// Below vm.mmap_min_addr root alone may map.
    @Test func `what a move to the lowest addresses cut off is gone`() throws {
        try isExact(
            "lowest",
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <stdio.h>
            #include <sys/mman.h>
            #include <unistd.h>
            enum { PAGE = 4096 };
            static int refused(char *from, int pages, int left)
            {
                errno = 0;
                void *moved = mremap(from, pages * PAGE, left * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0);
                return moved == MAP_FAILED && errno == EPERM;
            }
            int main(void)
            {
                unsigned long least = 0;
                FILE *setting = fopen("/proc/sys/vm/mmap_min_addr", "r");
                if (!setting || fscanf(setting, "%lu", &least) != 1 || least == 0)
                    return 0;
                char *pages = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                mprotect(pages + 10 * PAGE, PAGE, PROT_READ);
                if (geteuid() == 0 && seteuid(65534))
                    return 1;
                int all = refused(pages, 4, 2) & refused(pages + 5 * PAGE, 3, 3) & refused(pages + 9 * PAGE, 3, 3);
                return seteuid(getuid()) || !all;
            }
            """)
    }

    @Test func `what a file's refusal took away is gone`() throws {
        try isExact(
            "refusing",
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <linux/perf_event.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            enum { MIB = 1 << 20 };
            /* Over the middle of 8 MiB; whether it failed, and whether that left a hole, is the kernel's business. */
            static int replace(int fd, int flags, int rights, long length, long offset)
            {
                char *area = mmap(0, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                char *middle = (char *)(((unsigned long)area + 2 * MIB) & -2L * MIB);
                return fd >= 0 && mmap(middle, length, rights, flags | MAP_FIXED, fd, offset) == MAP_FAILED;
            }
            int main(void)
            {
                struct perf_event_attr clock = {.type = PERF_TYPE_SOFTWARE, .size = sizeof clock,
                                                .exclude_kernel = 1};
                int secret = (int)syscall(447 /* memfd_secret */, 0), huge = memfd_create("huge", MFD_HUGETLB);
                int counter = (int)syscall(SYS_perf_event_open, &clock, 0, -1, -1, 0);
                int types = open("/sys/kernel/btf/vmlinux", O_RDONLY), sealed = memfd_create("sealed", 2);
                int refused = 0;
                if (ftruncate(secret, MIB) || ftruncate(sealed, MIB) || fcntl(sealed, F_ADD_SEALS, 8))
                    errno = 0;
                refused += replace(secret, MAP_PRIVATE, 3, 8192, 0);
                refused += replace(secret, MAP_SHARED, 3, 8192, 0);
                refused += replace(huge, MAP_SHARED, 3, 2 * MIB, 0);
                refused += replace(huge, MAP_PRIVATE, 3, 2 * MIB, 4096);
                refused += replace(counter, MAP_PRIVATE, 3, 8192, 0);
                refused += replace(types, MAP_SHARED, 1, 4096, 0);
                refused += replace(sealed, MAP_SHARED, 3, 8192, 0);
                refused += replace(open("/tmp", O_RDONLY), MAP_PRIVATE, 1, 4096, 0);
                return refused < 3;
            }
            """)
    }

    @Test func `a child lets go of a segment that its parent attached`() throws {
        try isExact(
            "detaching",
            """
            #include <sys/mman.h>
            #include <sys/shm.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void)
            {
                int segment = shmget(IPC_PRIVATE, 16384, IPC_CREAT | 0600), status;
                char *whole = shmat(segment, 0, 0), *cut = shmat(segment, 0, 0);
                shmctl(segment, IPC_RMID, 0);
                if (mprotect(cut + 4096, 4096, PROT_READ))
                    return 1;
                if (fork() == 0)
                    _exit(shmdt(whole) || shmdt(cut));
                wait(&status);
                return status != 0;
            }
            """)
    }
}

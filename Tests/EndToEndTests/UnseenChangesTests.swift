import Testing

/// What changes the map, or what later calls make of it, and is no call in the log.
@Suite struct `Unseen changes` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Records a program that ends with 77 where it cannot do what it is to do; the rebuilt map before its end. At its
    /// end it must be the kernel's without a list that put it right.
    private func map(atTheEndOf body: String, outside functions: String = "") throws -> String? {
        let source = """
            #define _GNU_SOURCE
            #include <stdint.h>
            #include <stdio.h>
            #include <sys/mman.h>
            #include <sys/personality.h>
            #include <time.h>
            #include <unistd.h>
            enum { PAGE = 4096, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };
            static char *map(long pages, int rights) { return mmap(0, pages * PAGE, rights, PRIVATE, -1, 0); }
            \(functions)
            int main(void)
            {
            \(body)
                struct timespec now;
                clock_gettime(CLOCK_MONOTONIC, &now);
                dprintf(1, "%lld", now.tv_sec * 1000000000LL + now.tv_nsec);
                return 0;
            }
            """
        let program = try scratch.compile("program", source)
        let recorded = try mapfray("record", "--quiet", "-o", scratch.file("log"), "--", program)
        if recorded.status == 77 { return nil }
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try mapfray("verify", scratch.file("log"), "--json")
        #expect(verified.status == 0, "\(verified.text)")
        let corrections = try #require(verified.object["corrections"] as? [String: Int])
        #expect(corrections["snapshot"] == 0)
        return try mapfray("maps", scratch.file("log"), "--at", "@\(recorded.text)").text
    }

    @Test func `under READ_IMPLIES_EXEC what can be read can be executed`() throws {
        let map = try map(
            atTheEndOf: """
                    personality(READ_IMPLIES_EXEC);
                    char *area = map(8, PROT_READ);
                    mprotect(area, 2 * PAGE, PROT_NONE);
                    mprotect(area, PAGE, PROT_READ | PROT_WRITE);
                    sbrk(4 * PAGE);
                    personality(0);
                    map(3, PROT_READ);
                """)
        #expect(map?.contains(" rwxp ") == true)
    }

    /// By mprotect alone, of which the kernel may show nothing.
    @Test func `READ_IMPLIES_EXEC is known from the call that asks for it`() throws {
        let map = try map(
            atTheEndOf: """
                    char *area = map(40, PROT_NONE);
                    personality(READ_IMPLIES_EXEC);
                    mprotect(area, 4 * PAGE, PROT_READ);
                    personality(0xFFFFFFFF);
                    mprotect(area + 8 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE);
                    personality(0);
                    mprotect(area + 16 * PAGE, 4 * PAGE, PROT_READ);
                """)
        #expect(map?.contains(" r-xp ") == true)
    }

    /// It names its range through a pointer.
    @Test func `a userfaultfd takes what has grown down as the kernel had it`() throws {
        _ = try map(
            atTheEndOf: """
                    struct uffdio_api api = {.api = UFFD_API};
                    int fd = (int)syscall(SYS_userfaultfd, 0);
                    if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
                        return 77;
                    char *room = map(700, PROT_NONE), *start = room + 500 * PAGE;
                    munmap(room, 700 * PAGE);
                    mmap(start, 4 * PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
                    for (int i = 1; i <= 50; i++)
                        start[-i * PAGE] = 1;
                    watch(fd, start - 30 * PAGE, 5);
                    struct uffdio_range middle = {(uintptr_t)start - 28 * PAGE, PAGE};
                    ioctl(fd, UFFDIO_UNREGISTER, &middle);
                    go_down(200);
                    watch(fd, (char *)((uintptr_t)&fd & -PAGE) - 100 * PAGE, 2);
                    ioctl(fd, UFFDIO_REGISTER, 8);
                """,
            outside: """
                #include <linux/userfaultfd.h>
                #include <sys/ioctl.h>
                #include <sys/syscall.h>
                static void watch(int fd, char *at, long pages)
                {
                    struct uffdio_register range = {{(uintptr_t)at, pages * PAGE}, UFFDIO_REGISTER_MODE_WP, 0};
                    if (ioctl(fd, UFFDIO_REGISTER, &range))
                        _exit(2);
                }
                static int go_down(int depth)
                {
                    volatile char room[2 * PAGE];
                    room[0] = (char)depth;
                    return depth ? go_down(depth - 1) + room[0] : 0;
                }
                """)
    }

    /// What MAP_GROWSDOWN mapped has gone far down by page faults, and so has the stack, when a call works on that part.
    @Test func `memory that has grown down is cut as the kernel had it`() throws {
        _ = try map(
            atTheEndOf: """
                    munmap(grown(), PAGE);
                    munmap(grown() - 30 * PAGE, 5 * PAGE);
                    munmap(grown() - 50 * PAGE, 5 * PAGE);
                    munmap(grown() - 70 * PAGE, 72 * PAGE);
                    munmap(grown() - 70 * PAGE, 80 * PAGE);
                    mprotect(grown() - 30 * PAGE, 5 * PAGE, PROT_NONE);
                    mprotect(grown() - 50 * PAGE, 54 * PAGE, PROT_READ);
                    mprotect(grown() + PAGE, PAGE, PROT_READ | PROT_GROWSDOWN);
                    madvise(grown() - 20 * PAGE, 4 * PAGE, MADV_DONTFORK);
                    mlock(grown() - 20 * PAGE, 4 * PAGE);
                    mmap(grown() - 20 * PAGE, 4 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
                    mmap(grown() - 55 * PAGE, 5 * PAGE, PROT_READ | PROT_WRITE,
                         PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
                    mremap(grown() - 20 * PAGE, 4 * PAGE, 2 * PAGE, 0);
                    mremap(grown() - 20 * PAGE, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
                    mremap(grown() - 50 * PAGE, 54 * PAGE, 99 * PAGE, MREMAP_MAYMOVE);
                    mremap(map(3, PROT_READ), 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                           grown() - 25 * PAGE);
                    char *low = grown();
                    mprotect(low - 50 * PAGE, PAGE, PROT_NONE);
                    munmap(low - 48 * PAGE, 3 * PAGE);
                    munmap(deep(700) - 500 * PAGE, 3 * PAGE);
                """,
            outside: """
                static char *deep(int pages)
                {
                    volatile char page[PAGE];
                    page[0] = 1;
                    if (pages)
                        deep(pages - 1);
                    page[1] = 1;
                    return (char *)((uintptr_t)page & -PAGE);
                }
                /* 4 pages, below which 50 more have come about. */
                static char *grown(void)
                {
                    char *room = map(700, PROT_NONE), *start = room + 500 * PAGE;
                    munmap(room, 700 * PAGE);
                    start = mmap(start, 4 * PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED | MAP_GROWSDOWN,
                                 -1, 0);
                    for (int i = 1; i <= 50; i++)
                        start[-i * PAGE] = 1;
                    return start;
                }
                """)
    }

    /// What such calls may cost is used up, so that no list follows the last one before the process ends.
    @Test func `what mlockall made of the map is asked for before the end`() throws {
        _ = try map(
            atTheEndOf: """
                    char *many = map(6000, PROT_NONE), *area = map(16, PROT_NONE);
                    for (int i = 0; i < 6000; i += 2)
                        mprotect(many + i * PAGE, PAGE, PROT_READ);
                    for (int i = 0; i < 20; i++)
                        munlockall();
                    for (int i = 0; i < 16; i += 2) {
                        mlockall(MCL_FUTURE | (i % 4 ? MCL_ONFAULT : 0));
                        mmap(area + i * PAGE, PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0);
                    }
                    mprotect(area, 16 * PAGE, PROT_READ | PROT_WRITE);
                    mlockall(MCL_CURRENT | MCL_ONFAULT);
                """)
    }

    /// Five pages were asked for; a mapping that fails, where there are no huge pages, has taken all the room before.
    @Test func `a file of huge pages takes whole ones`() throws {
        _ = try map(
            atTheEndOf: """
                    int file = memfd_create("huge", MFD_HUGETLB);
                    char *room = map(4 * HUGE / PAGE, PROT_NONE);
                    char *first = (char *)(((uintptr_t)room + HUGE - 1) & -HUGE), *second = first + HUGE;
                    for (int i = 0; i < 40; i++)
                        mprotect(first + 30 * i * PAGE, PAGE, PROT_READ);
                    if (file < 0 || mmap(first, 5 * PAGE, PROT_READ, LAZY, file, 0) != first)
                        return 77;
                    mmap(second, HUGE, PROT_READ, LAZY, file, HUGE);
                    mprotect(second, HUGE, PROT_NONE);
                    mprotect(second, HUGE, PROT_READ);
                    for (int i = 0; i < 10; i++)
                        mprotect(second + HUGE + 30 * i * PAGE, PAGE, PROT_READ);
                    mmap(second + HUGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
                """,
            outside: "enum { HUGE = 2 << 20, LAZY = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE };")
    }

    /// The call tells of those before alone, and cut the last one all the same.
    @Test func `the range at which process_madvise failed is changed up to there`() throws {
        _ = try map(
            atTheEndOf: """
                    char *area = map(20, PROT_READ);
                    munmap(area + 9 * PAGE, PAGE);
                    struct iovec ranges[] = {{area, 2 * PAGE}, {area + 5 * PAGE, 10 * PAGE}, {area + 17 * PAGE, PAGE}};
                    if (syscall(440, syscall(434, getpid(), 0), ranges, 3, MADV_DONTDUMP, 0) != 2 * PAGE)
                        return 77;
                """,
            outside: "#include <sys/syscall.h>\n#include <sys/uio.h>")
    }

    @Test func `after mlockall memory that was never written is one with that beside it`() throws {
        _ = try map(
            atTheEndOf: """
                    char *area = map(16, PROT_NONE);
                    for (int i = 0; i < 16; i += 2) {
                        mlockall(MCL_FUTURE | (i % 4 ? MCL_ONFAULT : 0));
                        mmap(area + i * PAGE, PAGE, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0);
                    }
                    mprotect(area, 16 * PAGE, PROT_READ | PROT_WRITE);
                    mlockall(MCL_CURRENT | MCL_ONFAULT);
                """)
    }

    @Test func `a stack that page faults have brought down is cut where a call cuts it`() throws {
        _ = try map(
            atTheEndOf: """
                    go_down(200);
                    char *page = (char *)((uintptr_t)&page & -PAGE) - 100 * PAGE;
                    mprotect(page, PAGE, PROT_READ);
                """,
            outside: """
                static int go_down(int depth)
                {
                    volatile char room[2 * PAGE];
                    room[0] = (char)depth;
                    return depth ? go_down(depth - 1) + room[0] : 0;
                }
                """)
    }

    /// Without pages in the pool: MAP_NORESERVE asks for none.
    @Test func `huge pages are a file's and shrink by whole ones`() throws {
        let map = try map(
            atTheEndOf: """
                    int flags = PRIVATE | MAP_HUGETLB | MAP_NORESERVE;
                    char *huge = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, flags, -1, 0);
                    if (huge == MAP_FAILED)
                        return 77;
                    mremap(huge, 8 << 20, (4 << 20) + PAGE, 0);
                """)
        guard let map else { return print("no huge pages here, so that they shrink was not tried") }
        #expect(map.contains("anon_hugepage"))
    }
}

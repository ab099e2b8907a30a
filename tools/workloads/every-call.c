/*
 * Makes every kind of map-changing call through libc's function of that name, each with every outcome: a
 * merge with the left neighbour, the right one, both; a split; a move; a failure. After each call it writes
 * the instant and /proc/self/maps to the file named by its argument, so that a replay can be held against the
 * kernel call by call. USE: every-call OUTPUT      (build: cc -O1 -g every-call.c)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int output, maps;
static char buffer[1 << 16];

/* Writes what the call was and what the kernel's list is now; makes no call that changes the map. */
static void witness(const char *what)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	dprintf(output, "@%lld %s\n", now.tv_sec * 1000000000LL + now.tv_nsec, what);
	lseek(maps, 0, SEEK_SET);
	for (ssize_t got; (got = read(maps, buffer, sizeof buffer)) > 0;)
		if (write(output, buffer, (size_t)got) != got)
			exit(3);
}

static void check(const char *what, int as_expected)
{
	if (!as_expected) {
		fprintf(stderr, "every-call: %s did not end as expected: %s\n", what, strerror(errno));
		exit(1);
	}
	witness(what);
}

#define DO(call) check(#call, (call))
#define FAILS(call, error)                                                                                   \
	check(#call " fails with " #error, (errno = 0, (long)(call) == -1) && errno == (error))

static char *area; /* 4 MiB of address space with nothing in it */

static char *at(unsigned long page)
{
	return area + page * PAGE;
}

static int map(unsigned long page, unsigned long pages, int prot, int flags, int fd, off_t offset)
{
	char *got = mmap(at(page), pages * PAGE, prot, flags | MAP_FIXED_NOREPLACE, fd, offset);
	if (got != MAP_FAILED && prot & PROT_WRITE && !(flags & MAP_NORESERVE))
		memset(got, 1, pages * PAGE);
	return got == at(page);
}

static void mapping(int file)
{
	DO(map(0, 4, RW, ANON, -1, 0));
	DO(map(4, 4, RW, ANON, -1, 0)); /* merges left */
	DO(map(12, 4, RW, ANON, -1, 0));
	DO(map(10, 2, RW, ANON, -1, 0)); /* merges right */
	DO(map(8, 2, RW, ANON, -1, 0));	 /* merges with both, if their anon_vmas allow it */
	DO(map(16, 4, PROT_READ, ANON, -1, 0));
	DO(map(20, 4, PROT_NONE, ANON, -1, 0));
	DO(map(24, 4, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
	DO(map(28, 4, RW, ANON | MAP_STACK, -1, 0));
	DO(map(32, 4, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	DO(map(36, 4, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	DO(map(40, 4, PROT_READ, MAP_PRIVATE, file, 0));
	DO(map(44, 4, PROT_READ, MAP_PRIVATE, file, 4 * PAGE));	 /* contiguous, one description: merges */
	DO(map(48, 4, PROT_READ, MAP_PRIVATE, file, 12 * PAGE)); /* a gap in the file */
	DO(map(52, 4, RW, MAP_SHARED, file, 16 * PAGE));
	int again = open("/proc/self/exe", O_RDONLY);
	DO(map(56, 2, PROT_READ, MAP_PRIVATE, again, 0));
	int other = open("/proc/self/exe", O_RDONLY);
	DO(map(58, 2, PROT_READ, MAP_PRIVATE, other, 2 * PAGE)); /* contiguous, two descriptions: stays two */
	close(again);
	close(other);
	DO(mmap(at(2), 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at(2));
	DO(mmap(at(13), PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == at(13)); /* punches a hole */
	FAILS(mmap(at(0), PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	FAILS(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	DO(mmap64(at(60), 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0) == at(60));
	DO(map(64, 4, RW, ANON, -1, 0));
}

static void unmapping(void)
{
	DO(munmap(at(60), PAGE) == 0);	   /* head */
	DO(munmap(at(67), PAGE) == 0);	   /* tail */
	DO(munmap(at(64), PAGE) == 0);	   /* middle */
	DO(munmap(at(44), PAGE) == 0);	   /* middle of a file mapping */
	DO(munmap(at(30), 8 * PAGE) == 0); /* over several */
	DO(munmap(at(30), 8 * PAGE) == 0); /* nothing there */
	FAILS(munmap(at(0) + 1, PAGE), EINVAL);
	FAILS(munmap(at(0), 0), EINVAL);
}

static void protecting(void)
{
	DO(map(100, 16, RW, ANON, -1, 0));
	DO(mprotect(at(104), PAGE, PROT_NONE) == 0);	  /* splits in three */
	DO(mprotect(at(105), PAGE, PROT_NONE) == 0);	  /* the boundary moves */
	DO(mprotect(at(100), PAGE, PROT_READ) == 0);	  /* head */
	DO(mprotect(at(115), PAGE, PROT_READ) == 0);	  /* tail */
	DO(mprotect(at(104), 2 * PAGE, RW) == 0);	  /* merges with both */
	DO(mprotect(at(100), 16 * PAGE, PROT_READ) == 0); /* all of several */
	DO(mprotect(at(104), 4 * PAGE, RW) == 0);
	DO(mprotect(at(104), 4 * PAGE, RW) == 0); /* as it is */
	DO(mprotect(at(104), 0, PROT_NONE) == 0);
	FAILS(mprotect(at(112), 8 * PAGE, RW), ENOMEM); /* up to the hole */
	FAILS(mprotect(at(118), PAGE, RW), ENOMEM);
	FAILS(mprotect(at(100) + 7, PAGE, RW), EINVAL);
	DO(mprotect(at(48), 2 * PAGE, RW) == 0); /* a private file mapping */
	DO(pkey_mprotect(at(110), PAGE, PROT_READ, -1) == 0);
	FAILS(pkey_mprotect(at(110), PAGE, PROT_READ, 77), EINVAL);
}

static void moving(void)
{
	DO(map(140, 8, RW, ANON, -1, 0));
	DO(mremap(at(140), 8 * PAGE, 6 * PAGE, 0) == at(140));	/* shrinks */
	DO(mremap(at(140), 6 * PAGE, 10 * PAGE, 0) == at(140)); /* grows in place */
	DO(map(150, 2, PROT_READ, ANON, -1, 0));
	FAILS(mremap(at(140), 10 * PAGE, 12 * PAGE, 0), ENOMEM);
	DO(mremap(at(140), 10 * PAGE, 12 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
	DO(map(160, 8, RW, ANON, -1, 0));
	DO(mremap(at(160), 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(180)) == at(180));
	DO(map(188, 4, RW, ANON, -1, 0)); /* beside a written, moved one: pgoff differs */
	DO(mremap(at(182), 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(200)) ==
	   at(200)); /* from a middle */
	DO(mremap(at(200), 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(182)) ==
	   at(182)); /* and back */
	DO(map(210, 4, PROT_READ, ANON, -1, 0));
	DO(mremap(at(210), 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(220)) ==
	   at(220)); /* unwritten */
	DO(map(224, 4, PROT_READ, ANON, -1, 0));
	DO(mremap(at(188), 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4 /* DONTUNMAP */, 0) != MAP_FAILED);
	FAILS(mremap(at(240), PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	FAILS(mremap(at(180), PAGE, PAGE, 0x100), EINVAL);
}

static void breaking(void)
{
	char *old = sbrk(0);
	DO(sbrk(16 * PAGE) == old);
	memset(old, 1, 16 * PAGE);
	DO(sbrk(16 * PAGE) == old + 16 * PAGE);
	DO(sbrk(-8 * (long)PAGE) == old + 32 * PAGE);
	DO(brk(old + 48 * PAGE) == 0);
	DO(brk(old) == 0);
}

static void advising(void)
{
	DO(map(300, 16, RW, ANON, -1, 0));
	DO(madvise(at(304), 4 * PAGE, MADV_DONTFORK) == 0);
	DO(madvise(at(304), 4 * PAGE, MADV_DOFORK) == 0); /* merges again */
	DO(madvise(at(300), 4 * PAGE, MADV_DONTDUMP) == 0);
	DO(madvise(at(312), 4 * PAGE, MADV_NOHUGEPAGE) == 0);
	DO(madvise(at(304), 2 * PAGE, MADV_RANDOM) == 0);
	DO(madvise(at(304), 2 * PAGE, MADV_NORMAL) == 0);
	DO(madvise(at(304), 2 * PAGE, MADV_DONTNEED) == 0);
	DO(madvise(at(304), 2 * PAGE, MADV_WIPEONFORK) == 0);
	DO(madvise(at(304), 2 * PAGE, MADV_KEEPONFORK) == 0);
	DO(posix_madvise(at(306), PAGE, POSIX_MADV_SEQUENTIAL) == 0);
	DO(posix_madvise(at(306), PAGE, POSIX_MADV_NORMAL) == 0);
	DO(posix_madvise(at(306), PAGE, POSIX_MADV_DONTNEED) == 0);
	FAILS(madvise(at(314), 4 * PAGE, MADV_DONTDUMP), ENOMEM); /* over a hole: done on both sides */
	FAILS(madvise(at(300), PAGE, 9999), EINVAL);
}

static void locking(void)
{
	DO(map(340, 8, RW, ANON, -1, 0));
	DO(mlock(at(342), 2 * PAGE) == 0);
	DO(munlock(at(342), 2 * PAGE) == 0);
	DO(mlock2(at(340), PAGE, MLOCK_ONFAULT) == 0);
	DO(mlock2(at(340), PAGE, 0) == 0);
	DO(munlock(at(340), 8 * PAGE) == 0);
	FAILS(mlock(at(346), 4 * PAGE), ENOMEM);
	DO(munlockall() == 0);
	DO(mlockall(MCL_FUTURE) == 0);
	DO(map(348, 2, RW, ANON, -1, 0));
	DO(munlockall() == 0);
	FAILS(mlockall(0x100), EINVAL);
}

static void sharing(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	char *where = shmat(id, at(400), 0);
	DO(where == at(400));
	DO(mprotect(at(401), PAGE, PROT_READ) == 0);
	char *second = shmat(id, NULL, SHM_RDONLY);
	DO(second != (char *)-1);
	DO(shmdt(where) == 0);
	DO(shmdt(second) == 0);
	shmctl(id, IPC_RMID, NULL);
	FAILS(shmdt(at(400)), EINVAL);
	FAILS((long)shmat(-1, NULL, 0), EINVAL);
}

static void others(int file)
{
	DO(mmap(at(420), 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == at(420));
	DO(remap_file_pages(at(422), PAGE, 0, 6, 0) == 0);
	DO(map(440, 8, RW, ANON, -1, 0));
	int named = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at(442), 2 * PAGE, "name");
	check(named == 0 ? "prctl names a range" : "prctl is refused: this kernel has no anonymous names",
	      named == 0 || errno == EINVAL);
	unsigned long node = 1;
	DO(syscall(SYS_mbind, at(444), PAGE, 2 /* MPOL_BIND */, &node, 2, 0) == 0);
	DO(syscall(SYS_mbind, at(444), PAGE, 0 /* MPOL_DEFAULT */, NULL, 0, 0) == 0);
	DO(syscall(SYS_mprotect, at(446), PAGE, PROT_NONE) == 0);
	DO(syscall(SYS_munmap, at(447), PAGE) == 0);
	DO(syscall(SYS_mmap, at(447), PAGE, RW, ANON | MAP_FIXED, -1, 0L) == (long)at(447));
	DO(map(460, 4, RW, ANON, -1, 0));
	int sealed = (int)syscall(462 /* mseal */, at(461), PAGE, 0);
	check("mseal", sealed == 0 || errno == ENOSYS);
	if (sealed == 0)
		FAILS(munmap(at(460), 4 * PAGE), EPERM);
}

/* A descriptor of userfaultfd that has shaken hands, or -1 where there is none to be had. */
static int userfault(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	int descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	return descriptor >= 0 && ioctl(descriptor, UFFDIO_API, &api) == 0 ? descriptor : -1;
}

static int watched(int descriptor, unsigned long page, unsigned long pages, unsigned long mode)
{
	struct uffdio_register range = {{(unsigned long)at(page), pages * PAGE}, mode, 0};
	return ioctl(descriptor, UFFDIO_REGISTER, &range);
}

static int unwatched(int descriptor, unsigned long page, unsigned long pages)
{
	struct uffdio_range range = {(unsigned long)at(page), pages * PAGE};
	return ioctl(descriptor, UFFDIO_UNREGISTER, &range);
}

static void watching(void)
{
	int first = userfault(), second = userfault(), unused[2];
	if (first < 0 || second < 0) {
		witness("userfaultfd is refused");
		return;
	}
	DO(map(480, 32, RW, ANON, -1, 0));
	DO(watched(first, 484, 4, UFFDIO_REGISTER_MODE_MISSING) == 0);
	DO(watched(first, 488, 2, UFFDIO_REGISTER_MODE_MISSING) == 0);	/* merges */
	DO(watched(second, 490, 2, UFFDIO_REGISTER_MODE_MISSING) == 0); /* another context: does not */
	DO(watched(first, 496, 8, UFFDIO_REGISTER_MODE_WP) == 0);
	FAILS(watched(first, 490, 1, UFFDIO_REGISTER_MODE_MISSING), EBUSY);
	FAILS(watched(first, 600, 4, UFFDIO_REGISTER_MODE_MISSING), EINVAL);
	FAILS(ioctl(first, UFFDIO_REGISTER, (void *)8), EFAULT);
	FAILS(ioctl(output, UFFDIO_REGISTER, (void *)8), ENOTTY);
	DO(unwatched(first, 486, 1) == 0); /* splits */
	DO(unwatched(first, 500, 1) == 0);
	int copy = dup(first);
	DO(close(first) == 0); /* the copy holds it */
	DO(close(copy) == 0);  /* everything of it merges */
	DO(pipe(unused) == 0);
	DO(dup2(unused[0], second) == second); /* closes it */
	DO(close(unused[0]) == 0 && close(unused[1]) == 0 && close(second) == 0);
	first = userfault();
	DO(watched(first, 484, 4, UFFDIO_REGISTER_MODE_MISSING) == 0);
	DO(close_range((unsigned)first, (unsigned)first, 0) == 0);
}

/* Linux 6.13: all advice, for the process itself. */
static void advising_by_descriptor(void)
{
	int self = (int)syscall(434 /* pidfd_open */, getpid(), 0);
	DO(map(520, 24, RW, ANON, -1, 0));
	struct iovec ranges[] = {{at(522), PAGE}, {at(526), 2 * PAGE}, {at(542), 4 * PAGE}};
	long got = syscall(440 /* process_madvise */, self, ranges, 2, MADV_DONTDUMP, 0);
	check("process_madvise", got == 3 * (long)PAGE || (got == -1 && errno == EINVAL));
	if (got < 0)
		return;
	DO(syscall(440, self, ranges, 1, MADV_DODUMP, 0) == PAGE);
	FAILS(syscall(440, self, ranges + 2, 1, MADV_DONTFORK, 0), ENOMEM); /* up to the hole: done */
	FAILS(syscall(440, self, (void *)8, 1, MADV_DONTFORK, 0), EFAULT);
	DO(syscall(440, self, ranges, 1, MADV_COLD, 0) == PAGE);
	close(self);
}

/* Calls that only syscall(2) makes, and prctl's options that might be thought to change VMAs. */
static void rarest(void)
{
	aio_context_t context = 0;
	DO(syscall(SYS_io_setup, 64, &context) == 0);
	DO(syscall(SYS_io_destroy, context) == 0);
	DO(map(560, 8, RW, ANON, -1, 0));
	unsigned long node = 1;
	DO(syscall(SYS_mbind, at(562), 2 * PAGE, 2 /* MPOL_BIND */, &node, 2, 0) == 0);
	DO(syscall(450 /* set_mempolicy_home_node */, at(562), PAGE, 0, 0) == 0);
	DO(personality(READ_IMPLIES_EXEC) >= 0);
	DO(mprotect(at(566), PAGE, PROT_READ) == 0);
	DO(personality(0) >= 0);
	long shadow = syscall(453 /* map_shadow_stack */, 0, PAGE, 0x100);
	check("map_shadow_stack",
	      shadow == -1 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP));
	DO(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	DO(map(570, 2, RW, ANON, -1, 0));
	DO(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0);
	int merges = prctl(67 /* PR_SET_MEMORY_MERGE */, 1, 0, 0, 0);
	check("prctl(PR_SET_MEMORY_MERGE)", merges == 0 || errno == EINVAL);
	DO(map(574, 2, RW, ANON, -1, 0));
	DO(map(572, 2, RW, ANON, -1, 0));
	check("prctl(PR_SET_MEMORY_MERGE) off", prctl(67, 0, 0, 0, 0) == merges);
	DO(map(580, 8, RW, ANON, -1, 0));
	DO(mlock(at(582), PAGE) == 0);
	DO(mlockall(MCL_CURRENT) == 0);
	DO(munlockall() == 0);
	DO(prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) == 0); /* for good: the last */
	FAILS(mprotect(at(580), PAGE, PROT_READ | PROT_EXEC), EACCES);
	DO(mprotect(at(580), PAGE, PROT_READ) == 0);
}

int main(int count, char **arguments)
{
	if (count != 2) {
		fprintf(stderr, "use: every-call OUTPUT\n");
		return 64;
	}
	output = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	maps = open("/proc/self/maps", O_RDONLY);
	char name[] = "/tmp/every-call-XXXXXX";
	int file = mkstemp(name);
	if (output < 0 || maps < 0 || file < 0 || ftruncate(file, 64 * PAGE) != 0)
		return 3;
	unlink(name);
	area = mmap(NULL, 1024 * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	munmap(area, 1024 * PAGE);
	/* libc allocates at its first formatted output: that must not fall between an instant and its list.
	 */
	int nowhere = open("/dev/null", O_WRONLY);
	dprintf(nowhere, "%d\n", nowhere);
	witness("start");
	mapping(file);
	unmapping();
	protecting();
	moving();
	breaking();
	advising();
	locking();
	sharing();
	others(file);
	watching();
	advising_by_descriptor();
	rarest();
	printf("every call made\n");
	return 0;
}

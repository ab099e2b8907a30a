/*
 * Makes the kernel refuse a call for one cause, and prints what the program sees of it.
 * USE: refused CAUSE      (build: cc -O1 -g refused.c -pthread)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

enum { PAGE = 4096, READ_WRITE = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static const size_t megabyte = (size_t)1 << 20, terabyte = (size_t)1 << 40;
static char text[PAGE];

static void fail(const char *call)
{
	perror(call);
	exit(1);
}

static void answer(const char *call, int is_refused)
{
	printf("%s %s\n", call, is_refused ? strerrorname_np(errno) : "succeeded");
}

static void *map(size_t size, int rights, int flags)
{
	return mmap(NULL, size, rights, PRIVATE | flags, -1, 0);
}

static char *area(size_t size)
{
	char *area = map(size, READ_WRITE, 0);
	if (area == MAP_FAILED)
		fail("mmap");
	return area;
}

static void limit(int resource, size_t bytes)
{
	struct rlimit limit = {bytes, bytes};
	if (setrlimit(resource, &limit) != 0)
		fail("setrlimit");
}

static long number_in(const char *path)
{
	int file = open(path, O_RDONLY);
	ssize_t size = read(file, text, sizeof text - 1);
	close(file);
	text[size < 0 ? 0 : size] = 0;
	return atol(text);
}

/* As the kernel counts them: [vsyscall] is none. */
static long vmas(void)
{
	long lines = 0;
	int maps = open("/proc/self/maps", O_RDONLY);
	for (ssize_t size; (size = read(maps, text, sizeof text)) > 0;)
		for (ssize_t i = 0; i < size; i++)
			lines += text[i] == '\n';
	close(maps);
	return lines - 1;
}

/* Mappings without access between others, until one more would be refused. */
static void fill(void)
{
	long missing = number_in("/proc/sys/vm/max_map_count") + 1 - vmas();
	char *start = map((size_t)(missing + 2) * PAGE, PROT_NONE, MAP_NORESERVE);
	munmap(start, (size_t)(missing + 2) * PAGE);
	for (long i = 0; i < missing; i++)
		if (mmap(start + i * PAGE, PAGE, i & 1 ? PROT_READ : PROT_NONE, PRIVATE | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			fail("mmap");
}

static void rlimit_as(void)
{
	limit(RLIMIT_AS, 512 * megabyte);
	answer("mmap", map(1024 * megabyte, PROT_NONE, 0) == MAP_FAILED);
}

static void rlimit_data(void)
{
	limit(RLIMIT_DATA, 64 * megabyte);
	answer("mmap", map(128 * megabyte, READ_WRITE, 0) == MAP_FAILED);
}

/* Which MAP_NORESERVE does not save from it. */
static void rlimit_data_unreserved(void)
{
	limit(RLIMIT_DATA, 64 * megabyte);
	answer("mmap", map(128 * megabyte, READ_WRITE, MAP_NORESERVE) == MAP_FAILED);
}

static void address_space_low(void)
{
	if (map(600 * megabyte, PROT_NONE, MAP_32BIT) == MAP_FAILED)
		fail("mmap");
	answer("mmap", map(600 * megabyte, PROT_NONE, MAP_32BIT) == MAP_FAILED);
}

/* More than is free, but not more than there is: the kernel would give it, were it not for the place. */
static void address_space_low_beyond_free(void)
{
	size_t size = (size_t)sysconf(_SC_AVPHYS_PAGES) * PAGE;
	answer("mmap",
	       map(size > 1024 * megabyte ? size : 1025 * megabyte, READ_WRITE, MAP_32BIT) == MAP_FAILED);
}

static void overcommit(void)
{
	answer("mmap", map(100 * terabyte, READ_WRITE, 0) == MAP_FAILED);
}

static void address_space(void)
{
	if (map(70 * terabyte, PROT_NONE, 0) == MAP_FAILED)
		fail("mmap");
	answer("mmap", map(70 * terabyte, PROT_NONE, 0) == MAP_FAILED);
}

static void hole(void)
{
	char *start = area(8 * PAGE);
	munmap(start + 4 * PAGE, 2 * PAGE);
	answer("mprotect", mprotect(start, 8 * PAGE, PROT_READ) != 0);
}

static void sealed(void)
{
	char *start = area(8 * PAGE);
	if (syscall(SYS_mseal, start, 8 * PAGE, 0) != 0)
		fail("mseal");
	answer("mprotect", mprotect(start + PAGE, PAGE, PROT_READ) != 0);
	answer("munmap", munmap(start, 8 * PAGE) != 0);
}

static void huge_pages(void)
{
	answer("mmap", map(64 * terabyte, READ_WRITE, MAP_HUGETLB) == MAP_FAILED);
}

/* root may lock all it wants. */
static void give_up_locking(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) != 0)
		fail("capget");
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].permitted &= ~(1u << CAP_IPC_LOCK);
	if (syscall(SYS_capset, &header, data) != 0)
		fail("capset");
}

static void rlimit_memlock(void)
{
	give_up_locking();
	limit(RLIMIT_MEMLOCK, megabyte / 16);
	answer("mlock", mlock(area(megabyte), megabyte) != 0);
	answer("mmap", map(megabyte, READ_WRITE, MAP_LOCKED) == MAP_FAILED);
}

static void *nothing(void *argument)
{
	return argument;
}

static void thread(void)
{
	pthread_t thread;
	fill();
	errno = pthread_create(&thread, NULL, nothing, NULL);
	answer("pthread_create", errno != 0);
}

static void lost_malloc(void)
{
	fill();
	answer("malloc", malloc(16 * megabyte) == NULL);
}

static void advice(void)
{
	char *start = area(8 * PAGE);
	fill();
	answer("madvise", madvise(start + 2 * PAGE, PAGE, MADV_DONTFORK) != 0);
}

static void lost_munmap(void)
{
	char *start = area(8 * PAGE);
	fill();
	answer("munmap", munmap(start + 2 * PAGE, PAGE) != 0);
}

/* In a control group with less memory no call is refused: the kernel kills. */
static void cgroup(void)
{
	for (int i = 0; i < 100; i++)
		map(PAGE, i & 1 ? PROT_READ : PROT_NONE, 0);
	char *start = area(256 * megabyte);
	answer("mlock", mlock(start, 256 * megabyte) != 0);
}

static void *wait_for_ever(void *argument)
{
	pause();
	return argument;
}

/* As many threads as the group of pids or the user may have. */
static void threads(void)
{
	pthread_t thread;
	for (int i = 0; i < 200 && (errno = pthread_create(&thread, NULL, wait_for_ever, NULL)) == 0; i++)
		continue;
	answer("pthread_create", errno != 0);
	fflush(stdout);
	_exit(0);
}

static const struct {
	const char *name;
	void (*provoke)(void);
} causes[] = {
    {"rlimit_as", rlimit_as},
    {"rlimit_data", rlimit_data},
    {"rlimit_data_unreserved", rlimit_data_unreserved},
    {"address_space_low", address_space_low},
    {"address_space_low_beyond_free", address_space_low_beyond_free},
    {"overcommit", overcommit},
    {"address_space", address_space},
    {"hole", hole},
    {"sealed", sealed},
    {"huge_pages", huge_pages},
    {"rlimit_memlock", rlimit_memlock},
    {"thread", thread},
    {"malloc", lost_malloc},
    {"madvise", advice},
    {"munmap", lost_munmap},
    {"cgroup", cgroup},
    {"threads", threads},
};

int main(int count, char **words)
{
	for (size_t i = 0; count > 1 && i < sizeof causes / sizeof *causes; i++)
		if (strcmp(causes[i].name, words[1]) == 0) {
			causes[i].provoke();
			return 0;
		}
	fprintf(stderr, "use: refused CAUSE\n");
	return 64;
}

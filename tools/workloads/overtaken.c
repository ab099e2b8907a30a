/*
 * A call that stands still in the kernel, behind its change of the map, while another thread changes the same
 * addresses; and the list of VMAs as the kernel has it at the end.
 *
 * USE: overtaken   (build: cc -O1 -g -pthread)
 *
 * mlock waits for pages that a userfaultfd holds back. Meanwhile the first thread maps anew what it locked,
 * piece by piece, and lets it go on. Prints a line "PID TIME" (CLOCK_MONOTONIC, ns), /proc/self/maps, and an
 * empty line; nothing if userfaultfd is refused.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 16, FIRST = 4, LAST = 8 };

static char *const area = (char *)0x100000000000;

static void map(unsigned first, unsigned last)
{
	mmap(area + first * PAGE, (last - first) * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static int hold_pages_back(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
	    {(unsigned long)area + FIRST * PAGE, (LAST - FIRST) * PAGE}, UFFDIO_REGISTER_MODE_MISSING, 0};
	int descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (descriptor < 0 || ioctl(descriptor, UFFDIO_API, &api) ||
	    ioctl(descriptor, UFFDIO_REGISTER, &range))
		return -1;
	return descriptor;
}

static void *lock(void *unused)
{
	mlock(area + FIRST * PAGE, (LAST - FIRST) * PAGE);
	return unused;
}

static void tell(void)
{
	static char text[1 << 16];
	struct timespec now;
	int maps = open("/proc/self/maps", O_RDONLY);
	ssize_t count;

	clock_gettime(CLOCK_MONOTONIC, &now);
	count = snprintf(text, sizeof text, "%d %lld\n", getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
	do {
		if (write(1, text, (size_t)count) != count)
			_exit(1);
	} while ((count = read(maps, text, sizeof text)) > 0);
	close(maps);
}

int main(void)
{
	pthread_t thread;
	struct pollfd held = {.events = POLLIN};

	map(0, PAGES);
	held.fd = hold_pages_back();
	if (held.fd < 0)
		return 0;
	pthread_create(&thread, NULL, lock, NULL);
	poll(&held, 1, -1);
	map(FIRST + 1, LAST - 1);
	map(FIRST, FIRST + 1);
	map(LAST - 1, LAST);
	close(held.fd);
	pthread_join(thread, NULL);
	tell();
	return 0;
}

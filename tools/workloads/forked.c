/*
 * A parent whose map is known forks; the child tells its map before and after its first call.
 *
 * Writes PID INSTANT (CLOCK_MONOTONIC ns) and the kernel's list, twice, with a line "--" between the two.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCKS = 50 };

static char bytes[PAGE];

static char *__attribute__((noinline)) hold(void)
{
	char *block = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mprotect(block + PAGE, PAGE, PROT_NONE) != 0)
		_exit(1);
	return block;
}

static void tell_map(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	char line[64];
	int size = sprintf(line, "%d %lld\n", getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
	if (write(1, line, size) != size)
		_exit(1);
	int maps = open("/proc/self/maps", O_RDONLY);
	for (ssize_t count; (count = read(maps, bytes, sizeof bytes)) > 0;)
		if (write(1, bytes, count) != count)
			_exit(1);
	close(maps);
}

int main(void)
{
	for (int i = 0; i < BLOCKS; i++)
		hold();
	madvise(hold(), PAGE, MADV_DONTFORK);
	mlock(hold(), PAGE);
	pid_t child = fork();
	if (child == 0) {
		tell_map();
		munmap(hold(), PAGE);
		if (write(1, "--\n", 3) != 3)
			_exit(1);
		tell_map();
		_exit(0);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	hold();
	return 0;
}

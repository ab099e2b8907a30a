/*
 * Times the calls that fray a map, at a given depth of the stack: nanoseconds per call, one line per kind.
 * USE: call-cost DEPTH CALLS      (build: cc -O1 -g call-cost.c)
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE = 4096 };

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_pairs(long calls)
{
	double begin = seconds();
	for (long i = 0; i < calls / 2; i++)
		munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return (seconds() - begin) / (double)calls * 1e9;
}

static double time_toggles(long calls)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double begin = seconds();
	for (long i = 0; i < calls; i++)
		mprotect(pages + PAGE, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
	double cost = (seconds() - begin) / (double)calls * 1e9;
	munmap(pages, 3 * PAGE);
	return cost;
}

/* One frame more on the stack; the addition afterwards keeps the compiler from a tail call. */
__attribute__((noinline)) static double at_depth(int frames, double (*timed)(long), long calls)
{
	if (frames == 0)
		return timed(calls);
	return at_depth(frames - 1, timed, calls) + 0.0 * frames;
}

int main(int count, char **arguments)
{
	if (count != 3) {
		fprintf(stderr, "use: call-cost DEPTH CALLS\n");
		return 64;
	}
	/* main, libc's two frames below it and the timed function belong to the depth. */
	int frames = atoi(arguments[1]) - 5;
	long calls = atol(arguments[2]);
	printf("mmap+munmap %.1f\n", at_depth(frames, time_pairs, calls));
	printf("mprotect %.1f\n", at_depth(frames, time_toggles, calls));
	return 0;
}

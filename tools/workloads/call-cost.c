/*
 * Times the calls that fray a map at a given depth of the stack, through libc's functions, which mapfray
 * records, and beside them in the same process straight into the kernel, which it does not see: the
 * difference is what recording adds, free of what another layout of the map costs the kernel. Nanoseconds per
 * call. USE: call-cost DEPTH CALLS      (build: cc -O1 -g call-cost.c)
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGE = 4096 };

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A place with nothing beside it: what the kernel has to do there does not depend on who else has mapped
 * what. */
static char *lonely_place(void)
{
	char *area = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	munmap(area, 64 * PAGE);
	return area + 32 * PAGE;
}

typedef long call_t(long number, long a, long b, long c, long d);

/* The number comes in a register, so this is no place that the tracer redirects. */
static long direct(long number, long a, long b, long c, long d)
{
	register long flags __asm__("r10") = d, file __asm__("r8") = -1, offset __asm__("r9") = 0;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(flags), "r"(file), "r"(offset)
			 : "rcx", "r11", "memory");
	return result;
}

static long through_libc(long number, long a, long b, long c, long d)
{
	switch (number) {
	case SYS_mmap:
		return (long)mmap((void *)a, (size_t)b, (int)c, (int)d, -1, 0);
	case SYS_munmap:
		return munmap((void *)a, (size_t)b);
	default:
		return mprotect((void *)a, (size_t)b, (int)c);
	}
}

enum { RW = PROT_READ | PROT_WRITE, FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };

static double time_pairs(call_t *call, long calls)
{
	long place = (long)lonely_place();
	double begin = seconds();
	for (long i = 0; i < calls / 2; i++) {
		call(SYS_mmap, place, PAGE, RW, FIXED);
		call(SYS_munmap, place, PAGE, 0, 0);
	}
	return (seconds() - begin) / (double)calls * 1e9;
}

static double time_toggles(call_t *call, long calls)
{
	long place = (long)lonely_place();
	call(SYS_mmap, place, 3 * PAGE, RW, FIXED);
	double begin = seconds();
	for (long i = 0; i < calls; i++)
		call(SYS_mprotect, place + PAGE, PAGE, i % 2 ? RW : PROT_READ, 0);
	double cost = (seconds() - begin) / (double)calls * 1e9;
	call(SYS_munmap, place, 3 * PAGE, 0, 0);
	return cost;
}

/* One frame more on the stack; the addition afterwards keeps the compiler from a tail call. */
__attribute__((noinline)) static double at_depth(int frames, double (*timed)(call_t *, long), call_t *call,
						 long calls)
{
	if (frames == 0)
		return timed(call, calls);
	return at_depth(frames - 1, timed, call, calls) + 0.0 * frames;
}

static void compare(const char *name, int frames, double (*timed)(call_t *, long), long calls)
{
	/* In turn, in small batches: a machine that slows down for a while slows both. */
	double straight = 0, recorded = 0;
	enum { BATCHES = 20 };
	for (int batch = 0; batch < BATCHES; batch++) {
		straight += at_depth(frames, timed, direct, calls / BATCHES);
		recorded += at_depth(frames, timed, through_libc, calls / BATCHES);
	}
	printf("%s %.1f %.1f\n", name, straight / BATCHES, recorded / BATCHES);
}

int main(int count, char **arguments)
{
	if (count != 3) {
		fprintf(stderr, "use: call-cost DEPTH CALLS\n");
		return 64;
	}
	/* main, compare, the timed function, the call and libc's three frames below main belong to the depth.
	 */
	int frames = atoi(arguments[1]) - 7;
	long calls = atol(arguments[2]);
	compare("mmap+munmap", frames, time_pairs, calls);
	compare("mprotect", frames, time_toggles, calls);
	return 0;
}

/*
 * Times the calls that fray a map at a given depth of the stack, through libc's functions, which mapfray
 * records, and beside them in the same process straight into the kernel, which it does not see: the
 * difference is what recording adds, free of what another layout of the map costs the kernel. Batches of both
 * in turn; prints the median of each kind: name, straight, through libc (nanoseconds per call).
 * USE: call-cost DEPTH CALLS SETTLE cpu|wall      (build: cc -O1 -g call-cost.c; -shared -fPIC for a library)
 * SETTLE calls are made after the first kind and not timed, for a tracer that does more work at first. `cpu`
 * is the thread's own time, so that a busy machine changes little; where another process does the tracing it
 * is `wall`.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGE = 4096, BATCH = 800, GROUP = 100, FORKS = 14 };

static clockid_t clock_used;

static double nanoseconds(void)
{
	struct timespec now;
	clock_gettime(clock_used, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* A place with nothing beside it: what the kernel has to do there does not depend on who else has mapped
 * what. */
static long lonely_place(void)
{
	enum { SIZE = 1024 * PAGE };
	char *area = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	munmap(area, SIZE);
	return (long)(area + SIZE / 4);
}

typedef long call_t(long number, long a, long b, long c, long d);

/* Its number comes in a register, and no unwind table says that there is code: so the tracer leaves it alone.
 */
long direct(long number, long a, long b, long c, long d) __attribute__((visibility("hidden")));
__asm__(".text\n"
	".globl direct\n"
	".hidden direct\n"
	".type direct, @function\n"
	"direct:\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov $-1, %r8\n"
	"	xor %r9d, %r9d\n"
	"	syscall\n"
	"	ret\n"
	".size direct, . - direct\n");

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

static long place;

/* Each returns the nanoseconds of `calls` calls. */
typedef double timed_t(call_t *call, long calls);

static double time_pairs(call_t *call, long calls)
{
	double begin = nanoseconds();
	for (long i = 0; i < calls / 2; i++) {
		call(SYS_mmap, place, PAGE, RW, FIXED);
		call(SYS_munmap, place, PAGE, 0, 0);
	}
	return nanoseconds() - begin;
}

/* What is mapped is unmapped straight, which nobody times. */
static double time_mappings(call_t *call, long calls)
{
	double spent = 0;
	for (long done = 0; done < calls; done += GROUP) {
		double begin = nanoseconds();
		for (long i = 0; i < GROUP; i++)
			call(SYS_mmap, place + 2 * i * PAGE, PAGE, RW, FIXED);
		spent += nanoseconds() - begin;
		direct(SYS_munmap, place, 2 * GROUP * PAGE, 0, 0);
	}
	return spent;
}

static double time_toggles(call_t *call, long calls)
{
	direct(SYS_mmap, place, 3 * PAGE, RW, FIXED);
	double begin = nanoseconds();
	for (long i = 0; i < calls; i++)
		call(SYS_mprotect, place + PAGE, PAGE, i % 2 ? RW : PROT_READ, 0);
	double spent = nanoseconds() - begin;
	direct(SYS_munmap, place, 3 * PAGE, 0, 0);
	return spent;
}

/* Two ways to the next frame, so that each way through all of them is another stack. */
__attribute__((noinline)) static long by_path(call_t *call, unsigned path, int forks)
{
	long result;
	if (!forks)
		return call(SYS_mprotect, place + PAGE, PAGE, path % 2 ? RW : PROT_READ, 0);
	if (path >> (forks - 1) & 1)
		result = by_path(call, path, forks - 1) + 1;
	else
		result = by_path(call, path, forks - 1) + 2;
	return result;
}

/* No two calls of the whole run come from the same stack. */
static double time_new_stacks(call_t *call, long calls)
{
	static unsigned next[2];
	unsigned *path = &next[call == direct];
	direct(SYS_mmap, place, 3 * PAGE, RW, FIXED);
	double begin = nanoseconds();
	for (long i = 0; i < calls; i++)
		by_path(call, (*path)++, FORKS);
	double spent = nanoseconds() - begin;
	direct(SYS_munmap, place, 3 * PAGE, 0, 0);
	return spent;
}

/* One frame more on the stack; the addition afterwards keeps the compiler from a tail call. */
__attribute__((noinline)) static double at_depth(int frames, timed_t *timed, call_t *call, long calls)
{
	if (frames <= 0)
		return timed(call, calls);
	return at_depth(frames - 1, timed, call, calls) + 0.0 * frames;
}

static int is_greater(const void *a, const void *b)
{
	return *(const double *)a > *(const double *)b ? 1 : -1;
}

static double median(double *values, long count)
{
	qsort(values, (size_t)count, sizeof *values, is_greater);
	return values[count / 2];
}

static void compare(const char *name, int frames, timed_t *timed, long calls)
{
	long batch = calls < BATCH ? calls : BATCH, count = calls / batch;
	double *straight = calloc((size_t)count, sizeof *straight),
	       *called = calloc((size_t)count, sizeof *called);
	for (long i = 0; i < count; i++) {
		straight[i] = at_depth(frames, timed, direct, batch) / (double)batch;
		called[i] = at_depth(frames, timed, through_libc, batch) / (double)batch;
	}
	printf("%s: %.1f %.1f\n", name, median(straight, count), median(called, count));
	free(straight);
	free(called);
}

int main(int count, char **arguments)
{
	if (count != 5) {
		fprintf(stderr, "use: call-cost DEPTH CALLS SETTLE cpu|wall\n");
		return 64;
	}
	/* main, compare, the timed function, the call and libc's three frames below main belong to the depth.
	 */
	int frames = atoi(arguments[1]) - 7;
	long calls = atol(arguments[2]), settle = atol(arguments[3]);
	clock_used = arguments[4][0] == 'c' ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
	place = lonely_place();
	compare("mmap+munmap at first", frames, time_pairs, calls < 8000 ? calls : 8000);
	at_depth(frames, time_toggles, through_libc, settle);
	compare("mmap+munmap", frames, time_pairs, calls);
	compare("mmap", frames, time_mappings, calls);
	compare("mprotect", frames, time_toggles, calls);
	/* The stack's depth is that of the ways, and as many new ones there are. */
	compare("mprotect, new stack", 0, time_new_stacks, calls < 1 << FORKS ? calls : 1 << FORKS);
	return 0;
}

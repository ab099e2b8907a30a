/* Our walk beside unw_backtrace's, in one run: 16 frames, warm and cold, and what forgetting costs. */
#include <time.h>

#include "oracle.h"

#define ROUNDS 100000

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static NOINLINE size_t walk(void)
{
	struct mf_registers registers;
	uint64_t addresses[32];
	bool cut;

	mf_unwind_capture(&registers);
	return mf_unwind(&registers, addresses, 32, &cut);
}

/* The best of several runs: others share the machine. */
#define BEST(rounds, code)                                                                                   \
	({                                                                                                   \
		double best = 1e18;                                                                          \
		for (int run = 0; run < 20; run++) {                                                         \
			uint64_t start = now();                                                              \
			for (int round = 0; round < (rounds) / 20; round++)                                  \
				code;                                                                        \
			double each = (double)(now() - start) / ((rounds) / 20);                             \
			best = each < best ? each : best;                                                    \
		}                                                                                            \
		best;                                                                                        \
	})

/* Twelve functions that nobody has walked through yet: what a first visit costs is only seen once. */
typedef size_t walker(void);
#define LINK(name, next)                                                                                     \
	static NOINLINE size_t name(walker *end)                                                             \
	{                                                                                                    \
		volatile size_t result = next(end);                                                          \
		return result;                                                                               \
	}
static NOINLINE size_t link0(walker *end)
{
	volatile size_t result = end();

	return result;
}
LINK(link1, link0)
LINK(link2, link1)
LINK(link3, link2)
LINK(link4, link3)
LINK(link5, link4)
LINK(link6, link5)
LINK(link7, link6)
LINK(link8, link7)
LINK(link9, link8)
LINK(link10, link9)
LINK(link11, link10)

static NOINLINE size_t their_walk(void)
{
	void *addresses[32];

	return (size_t)unw_backtrace(addresses, 32);
}

static double first_visit(walker *function)
{
	uint64_t start = now();

	link11(function);
	return (double)(now() - start);
}

static NOINLINE int measure(void)
{
	void *theirs[32];
	uint64_t own = (uint64_t)walk;
	size_t frames = walk(), their_frames = their_walk();
	double first = first_visit(walk), first_theirs = first_visit(their_walk);
	double warm = BEST(ROUNDS, walk()), warm_theirs = BEST(ROUNDS, unw_backtrace(theirs, 32));
	double cold = BEST(ROUNDS / 10, ({
				   mf_unwind_forget(own, own + 1);
				   walk();
			   }));
	double small = BEST(ROUNDS, mf_unwind_forget(1 << 30, (1 << 30) + 8192));
	double large = BEST(ROUNDS, mf_unwind_forget(1 << 30, (1 << 30) + (64 << 20)));

	printf("frames %zu, theirs %zu\n", frames, their_frames);
	printf("warm: %.1f ns a walk, %.2f ns a frame; unw_backtrace %.1f ns; ratio %.2f\n", warm,
	       warm / (double)frames, warm_theirs, warm_theirs / warm);
	printf("first visit to 12 frames: %.0f ns; unw_backtrace %.0f ns; ratio %.1f\n", first, first_theirs,
	       first_theirs / first);
	printf("after forgetting: %.0f ns a walk, %.0f ns a frame\n", cold, cold / (double)frames);
	printf("forget: 8 KiB %.1f ns, 64 MiB %.1f ns\n", small, large);
	/* The figures are for people: a busy machine is no error. */
	return frames != 16;
}

static NOINLINE int descend(int depth)
{
	volatile char local[40];
	int result;

	local[depth] = 1;
	result = depth ? descend(depth - 1) : measure();
	return result + local[depth] - 1;
}

int main(void)
{
	mf_unwind_start();
	return descend(11);
}

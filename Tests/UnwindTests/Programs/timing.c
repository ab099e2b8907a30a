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

static NOINLINE int measure(void)
{
	void *theirs[32];
	size_t frames = walk();
	uint64_t own = (uint64_t)walk;
	double warm = BEST(ROUNDS, walk()), warm_theirs = BEST(ROUNDS, unw_backtrace(theirs, 32));
	double cold = BEST(ROUNDS / 10, ({
				   mf_unwind_forget(own, own + 1);
				   walk();
			   }));
	double miss = BEST(ROUNDS, mf_unwind_forget(1 << 30, (1 << 30) + 8192));
	double large = BEST(ROUNDS, mf_unwind_forget(1 << 30, (1 << 30) + (64 << 20)));
	double cold_theirs = BEST(200, ({
					  unw_flush_cache(unw_local_addr_space, 0, 0);
					  unw_backtrace(theirs, 32);
				  }));

	printf("frames %zu\nwarm %.1f ns a walk, %.2f ns a frame; unw_backtrace %.1f ns; ratio %.2f\n", frames,
	       warm, warm / (double)frames, warm_theirs, warm_theirs / warm);
	printf("cold %.0f ns a walk, %.0f ns a frame; unw_backtrace %.0f ns; ratio %.1f\n", cold,
	       cold / (double)frames, cold_theirs, cold_theirs / cold);
	printf("forget: 8 KiB %.1f ns, 64 MiB %.1f ns\n", miss, large);
	return frames != 16 || warm > 4 * warm_theirs || cold > cold_theirs;
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
	return descend(10);
}

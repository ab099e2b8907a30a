/*
 * What the program's seccomp filters let the tracer do.
 *
 * A filter may kill the process for any call it does not know, so the tracer makes none that is not known to
 * be allowed. Each of the tracer's own calls is in one list (own_calls.c). Where the program installs a
 * filter, it is interpreted for every call of that list (filter.c), and what some filter does not plainly
 * allow is never made again: raw_syscall() answers -EPERM in its place. The filters of all threads count as
 * one, the strictest wins.
 *
 * Nothing here enters libc, allocates or waits.
 */
#ifndef MAPFRAY_SANDBOX_H
#define MAPFRAY_SANDBOX_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* One bit for each call of the list. */
struct mf_sandbox {
	uint64_t permitted;
	uint32_t is_confined; /* some filter is in force, and `permitted` decides */
};

extern struct mf_sandbox mf_sandbox __attribute__((visibility("hidden")));

static inline bool mf_sandbox_is_confined(void)
{
	return __atomic_load_n(&mf_sandbox.is_confined, __ATOMIC_RELAXED) != 0;
}

/* Makes the program's calls in the tracer's place, where it matters which instruction enters the kernel; else
 * 0. */
extern long (*mf_sandbox_elsewhere)(long number, long a, long b, long c, long d, long e, long f)
    __attribute__((visibility("hidden")));

/* Whether a call of the tracer's own may be made. */
bool mf_sandbox_permits(long number, const uint64_t arguments[6]);
/* Whether every call of the list with this number may be made. */
bool mf_sandbox_permits_all(long number);

/* The calls of the list that a filter of `count` steps allows, whatever the arguments that vary. */
uint64_t mf_sandbox_judge(const struct sock_filter *steps, uint32_t count);

/* From here on only `permitted` may be called, and what was allowed before. To be called before the kernel
 * learns of the filter. Returns the state as it was, for mf_sandbox_leave() if the kernel refuses the filter.
 */
struct mf_sandbox mf_sandbox_enter(uint64_t permitted);
void mf_sandbox_leave(struct mf_sandbox earlier);

#endif

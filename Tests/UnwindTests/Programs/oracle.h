/* Compares our walk with libunwind's, frame by frame, from wherever a program calls check(). */
#ifndef ORACLE_H
#define ORACLE_H

#define UNW_LOCAL_ONLY
#include <errno.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../preload/unwind/include/unwind.h"

#define NOINLINE __attribute__((noinline))

struct theirs {
	size_t count;
	int end; /* unw_step's last result: 0 is the outermost frame */
	uint64_t addresses[MF_UNWIND_DEPTH_MAX];
};

static _Atomic unsigned checks, failures, deepest, recollections;

/* After a call that is the last thing a function does, so that it does not become a jump. */
#define KEEP_FRAME() __asm__ volatile("")

/* Frame 0 is the caller of the function that this is inlined into. */
static inline __attribute__((always_inline)) void walk_theirs(struct theirs *theirs)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;

	theirs->count = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while ((theirs->end = unw_step(&cursor)) > 0 && theirs->count < MF_UNWIND_DEPTH_MAX) {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		if (pc == 0) {
			theirs->end = 0;
			break;
		}
		if (unw_is_signal_frame(&cursor) > 0)
			pc |= MF_UNWIND_INTERRUPTED;
		theirs->addresses[theirs->count++] = pc;
	}
}

__attribute__((unused)) static void print_both(const char *where, const struct mf_backtrace *ours,
					       const struct theirs *theirs)
{
	fprintf(stderr, "%s: ours %zu%s, theirs %zu (end %d)\n", where, ours->count, ours->cut ? " cut" : "",
		theirs->count, theirs->end);
	for (size_t frame = 0; frame < ours->count || frame < theirs->count; frame++)
		fprintf(stderr, "  %2zu %#18lx %#18lx\n", frame,
			frame < ours->count ? (unsigned long)ours->addresses[frame] : 0,
			frame < theirs->count ? (unsigned long)theirs->addresses[frame] : 0);
}

static inline int same(const struct mf_backtrace *ours, const struct theirs *theirs)
{
	return ours->count == theirs->count && ours->cut == (theirs->end != 0) &&
	       memcmp(ours->addresses, theirs->addresses, ours->count * sizeof(uint64_t)) == 0;
}

/* A number that stands for this backtrace alone. */
static inline uint64_t tag_of(const struct mf_backtrace *trace)
{
	uint64_t tag = 2 + trace->cut;

	for (size_t frame = 0; frame < trace->count; frame++)
		tag = (tag ^ trace->addresses[frame]) * 0x9E3779B97F4A7C15 + 2;
	return tag | 1;
}

/* Whether what is recalled, if anything, is what a walk finds now; keeps the walk for the next time. */
static inline int recalls(const struct mf_registers *registers, const struct mf_backtrace *trace)
{
	struct mf_backtrace again;
	struct mf_trail trail;
	uint64_t recalled = mf_unwind_recall(registers, 1);

	again.count = mf_unwind_noting(registers, again.addresses, MF_UNWIND_DEPTH_MAX, &again.cut, &trail);
	mf_unwind_keep(registers, &trail, 1, tag_of(&again));
	recollections += recalled != 0;
	return (!recalled || recalled == tag_of(trace)) && tag_of(&again) == tag_of(trace);
}

/* Twice: once as it comes, once from the cache. */
__attribute__((noinline, unused)) static void check(const char *where)
{
	struct mf_registers registers;
	struct mf_backtrace ours, again;
	struct theirs theirs;

	errno = 4711;
	mf_unwind_capture(&registers);
	ours.count = mf_unwind(&registers, ours.addresses, MF_UNWIND_DEPTH_MAX, &ours.cut);
	again.count = mf_unwind(&registers, again.addresses, MF_UNWIND_DEPTH_MAX, &again.cut);
	int recalled = recalls(&registers, &ours) && recalls(&registers, &ours);
	int errno_kept = errno == 4711;
	walk_theirs(&theirs);
	checks++;
	if (ours.count > deepest)
		deepest = ours.count;
	if (same(&ours, &theirs) && same(&again, &theirs) && recalled && errno_kept)
		return;
	if (failures++ < 3) {
		print_both(where, &ours, &theirs);
		if (!same(&again, &theirs))
			print_both("again", &again, &theirs);
		if (!recalled)
			fprintf(stderr, "%s: another walk was recalled\n", where);
	}
}

/* Enough checks, none failed: prints the numbers and is main's result. */
__attribute__((unused)) static int verdict(unsigned checks_expected)
{
	printf("checks %u failures %u deepest %u recalled %u\n", checks, failures, deepest, recollections);
	fflush(stdout);
	return failures != 0 || checks < checks_expected;
}

#endif

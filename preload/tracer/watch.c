#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <sys/mman.h>

#include "definitions.h"
#include "limits.h"
#include "recorder.h"
#include "snapshot.h"
#include "userfault.h"

enum {
	FAILURES_MAX = 1 << 6,	       /* kinds of failure told apart */
	UNHURRIED = 100,	       /* a list is read again after this many times its own duration */
	HURRIED = 4,		       /* likewise, where the replay depends on it */
	FLAGS_COST = 7,		       /* smaps takes so many times as long as maps */
	CALLS_UNTIL_CLOCK = 1000,      /* calls until the clock is looked at again */
	SETTLING = 1000 * 1000 * 1000, /* ns that lists which settle a call take without waiting */
};

static const unsigned thresholds[] = {50, 75, 90, 95}; /* percent of vm.max_map_count */

static int64_t allowance; /* VMAs that can still come about before the next threshold must be looked for */
static unsigned next_threshold;
static uint64_t not_before;	  /* ns: no list is read before, */
static uint64_t no_anchor_before; /* and no anchor */
static uint64_t anchor_cost;	  /* ns that reading maps took for it */
static uint64_t anchor_time;	  /* when it was taken */
static uint64_t failures_seen[FAILURES_MAX];
static bool is_order_unknown; /* of two calls over the same addresses: a list is to follow */
static bool is_to_be_settled; /* what a call made of every VMA: likewise */
static uint64_t settling;     /* ns that such lists took */
static bool has_told;	      /* of an abandoned call */

static uint64_t threshold_count(unsigned index)
{
	uint64_t most = limits_max_map_count();
	if (index >= sizeof thresholds / sizeof thresholds[0] || most >= MF_UNKNOWN)
		return UINT64_MAX / 4;
	return most / 100 * thresholds[index] + most % 100 * thresholds[index] / 100;
}

static void allow_until_threshold(uint64_t map_count)
{
	while (map_count >= threshold_count(next_threshold))
		next_threshold++;
	__atomic_store_n(&allowance, (int64_t)(threshold_count(next_threshold) - map_count),
			 __ATOMIC_RELAXED);
}

void watch_start(uint64_t map_count)
{
	next_threshold = 0;
	not_before = 0;
	no_anchor_before = 0;
	is_order_unknown = false;
	is_to_be_settled = false;
	settling = 0;
	has_told = false;
	for (size_t i = 0; i < FAILURES_MAX; i++)
		failures_seen[i] = 0;
	allow_until_threshold(map_count);
}

/* VMAs that one call can add at the most. */
static int64_t worst_growth(enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_MUNMAP:
	case MF_CALL_BRK:
	case MF_CALL_SHMAT:
	case MF_CALL_IO_SETUP:
		return 1;
	case MF_CALL_MREMAP:
		return 3;
	default:
		return 2;
	}
}

static bool is_wanted(enum mf_snapshot_reason reason)
{
	bool is_extra = reason == MF_SNAPSHOT_THRESHOLD || reason == MF_SNAPSHOT_FAILURE;
	return !is_extra || recorder_has_room_for_list();
}

/* Returns how long it took, in nanoseconds. The next one waits for `patience` times as long. */
static uint64_t record_snapshot(enum mf_snapshot_reason reason, bool with_flags, uint64_t patience)
{
	userfault_look();
	if (reason != MF_SNAPSHOT_SETTLE)
		watch_settle_rest();
	struct snapshot_result taken = {0};
	if (is_wanted(reason))
		taken = snapshot_take(reason, with_flags);
	else if (reason == MF_SNAPSHOT_FAILURE)
		limits_record(0, MF_UNKNOWN, LIMITS_AND_MEMORY);
	if (!taken.number)
		return 0;
	limits_record(taken.number, taken.count,
		      reason == MF_SNAPSHOT_FAILURE ? LIMITS_AND_MEMORY : LIMITS_NOW);
	uint64_t now = tracer_now();
	__atomic_store_n(&not_before, now + patience * taken.nanoseconds, __ATOMIC_RELAXED);
	__atomic_store_n(&no_anchor_before, now + HURRIED * taken.nanoseconds, __ATOMIC_RELAXED);
	allow_until_threshold(taken.count);
	return taken.nanoseconds;
}

static void settle_order(void)
{
	if (record_snapshot(MF_SNAPSHOT_ANCHOR, true, UNHURRIED))
		__atomic_store_n(&is_order_unknown, false, __ATOMIC_RELAXED);
}

static void settle(void)
{
	__atomic_store_n(&is_to_be_settled, false, __ATOMIC_RELAXED);
	uint64_t took = record_snapshot(MF_SNAPSHOT_SETTLE, false, UNHURRIED);
	__atomic_add_fetch(&settling, took, __ATOMIC_RELAXED);
	if (!took)
		__atomic_store_n(&is_to_be_settled, true, __ATOMIC_RELAXED);
}

void watch_settle_rest(void)
{
	if (__builtin_expect(__atomic_load_n(&is_to_be_settled, __ATOMIC_RELAXED), 0))
		settle();
}

static void look_for_threshold(void)
{
	if (tracer_now() < __atomic_load_n(&not_before, __ATOMIC_RELAXED)) {
		__atomic_store_n(&allowance, CALLS_UNTIL_CLOCK, __ATOMIC_RELAXED);
		return;
	}
	if (__atomic_load_n(&is_order_unknown, __ATOMIC_RELAXED))
		settle_order();
	else if (__atomic_load_n(&is_to_be_settled, __ATOMIC_RELAXED))
		settle();
	else if (!record_snapshot(MF_SNAPSHOT_THRESHOLD, false, UNHURRIED))
		__atomic_store_n(&allowance, CALLS_UNTIL_CLOCK, __ATOMIC_RELAXED);
}

/* A flight recorder must hold a list among its newest records, or they could not be replayed. */
static void drop_anchor(void)
{
	uint64_t head = recorder_head(), last = __atomic_load_n(&tracer.last_anchor, __ATOMIC_RELAXED), now;
	if (head - last < recorder_anchor_distance() ||
	    (now = tracer_now()) < __atomic_load_n(&no_anchor_before, __ATOMIC_RELAXED))
		return;
	if (!__atomic_compare_exchange_n(&tracer.last_anchor, &last, head, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return;
	/* The flags of every VMA take seven times as long to read: only while that is little beside the time
	 * gone by. */
	bool with_flags = anchor_cost * FLAGS_COST * HURRIED < now - anchor_time;
	anchor_cost =
	    record_snapshot(MF_SNAPSHOT_ANCHOR, with_flags, HURRIED) / (with_flags ? FLAGS_COST : 1);
	anchor_time = tracer_now();
}

/* The kind of a failure, small enough to count the failures of each. */
static size_t failure_kind(const struct call *call, enum mf_call_number kind, long error)
{
	bool huge = kind == MF_CALL_MMAP && call->arguments[3] & MAP_HUGETLB;
	return ((size_t)kind * 4 + (size_t)huge * 2 + (error == EAGAIN)) % FAILURES_MAX;
}

static bool is_scarcity(long error)
{
	return error == ENOMEM || error == EAGAIN;
}

/* The first failure of a kind, and then the 8th, 64th, ... so that a later and different cause is seen as
 * well. */
static bool is_worth_a_snapshot(uint64_t nth)
{
	while (nth % 8 == 0)
		nth /= 8;
	return nth == 1;
}

static void look_at_failure(const struct call *call, enum mf_call_number kind, long error)
{
	uint64_t *seen = &failures_seen[failure_kind(call, kind, error)];
	uint64_t nth = __atomic_add_fetch(seen, 1, __ATOMIC_RELAXED);
	if (!is_worth_a_snapshot(nth))
		return;
	if (nth > 1 && tracer_now() < __atomic_load_n(&not_before, __ATOMIC_RELAXED))
		return;
	record_snapshot(MF_SNAPSHOT_FAILURE, false, UNHURRIED);
}

void watch_settle(void)
{
	__atomic_store_n(&is_to_be_settled, true, __ATOMIC_RELAXED);
	if (__atomic_load_n(&settling, __ATOMIC_RELAXED) < SETTLING ||
	    tracer_now() >= __atomic_load_n(&not_before, __ATOMIC_RELAXED))
		settle();
	/* If not now, because another thread reads a list or one was read just now, then after a later call.
	 */
	if (__atomic_load_n(&is_to_be_settled, __ATOMIC_RELAXED))
		__atomic_store_n(&allowance, 0, __ATOMIC_RELAXED);
}

/* Calls are missing in the log: what it goes on with must stand on its own. */
static void make_up_for_gap(void)
{
	definitions_renew();
	record_snapshot(MF_SNAPSHOT_ANCHOR, true, UNHURRIED);
}

void watch_overtaken(void)
{
	__atomic_store_n(&is_order_unknown, true, __ATOMIC_RELAXED);
	/* If not now, because another thread reads a list or one was read just now, then after a later call.
	 */
	__atomic_store_n(&allowance, 0, __ATOMIC_RELAXED);
	look_for_threshold();
}

void watch_abandoned(void)
{
	if (!__atomic_exchange_n(&has_told, true, __ATOMIC_RELAXED))
		define_note(MF_NOTE_NOT_COVERED,
			    "a call was left before it was written down (siglongjmp, pthread_cancel): "
			    "what such a call changed shows from the next snapshot on");
	watch_overtaken();
}

void watch_call(const struct call *call, enum mf_call_number kind, long result)
{
	if (mf_ring_take_gap(&tracer.ring))
		make_up_for_gap();
	if (call_failed(result)) {
		if (is_scarcity(-result))
			look_at_failure(call, kind, -result);
		return;
	}
	if (kind == MF_CALL_MLOCKALL || kind == MF_CALL_MUNLOCKALL)
		watch_settle();
	if (__atomic_sub_fetch(&allowance, worst_growth(kind), __ATOMIC_RELAXED) <= 0)
		look_for_threshold();
	if (tracer.flight_recorder)
		drop_anchor();
}

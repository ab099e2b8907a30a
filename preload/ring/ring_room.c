/*
 * The limit of the spill: how far it may grow before `mapfray record` has folded up what is there.
 *
 * Whoever folds raises header->spill_limit. A writer that reaches it waits, for folding takes tenths of a
 * second; if nothing comes of that for a second (who folds was killed, or the disk hangs), the program must
 * go on: from then on nobody waits, and what the ring overwrites is counted as lost, until there is room
 * again.
 */
#include "ring_internal.h"

#include <sys/syscall.h>
#include <time.h>

#define PATIENCE_NS 1000000000
#define NAP_NS	    1000000

bool mf_room_has(struct mf_ring *ring, uint64_t end)
{
	uint64_t limit = __atomic_load_n(&ring->header->spill_limit, __ATOMIC_RELAXED);
	bool has = limit == 0 || end <= limit;

	if (!has)
		__atomic_store_n(&ring->has_gap, true, __ATOMIC_RELAXED);
	return has;
}

bool mf_room_is_awaited(const struct mf_ring *ring)
{
	return ring->header->spill_limit != 0 && !__atomic_load_n(&ring->is_starved, __ATOMIC_RELAXED);
}

static uint64_t time_now(void)
{
	struct timespec now = {0, 0};

	raw_syscall2(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* False: nobody has made room for too long. A clock that cannot be asked stands still, and naps are counted.
 */
static bool wait_for_room(struct mf_ring *ring, uint64_t end)
{
	struct timespec nap = {0, NAP_NS};
	uint64_t begin = time_now();

	for (unsigned naps = 0; naps < PATIENCE_NS / NAP_NS && time_now() - begin < PATIENCE_NS; naps++) {
		uint64_t limit = __atomic_load_n(&ring->header->spill_limit, __ATOMIC_RELAXED);

		if (limit == 0 || end <= limit)
			return true;
		raw_syscall2(SYS_nanosleep, (long)&nap, 0);
	}
	return false;
}

bool mf_room_await(struct mf_ring *ring, uint64_t end)
{
	uint64_t limit = __atomic_load_n(&ring->header->spill_limit, __ATOMIC_RELAXED);

	if (limit == 0 || end <= limit || (mf_room_is_awaited(ring) && wait_for_room(ring, end))) {
		__atomic_store_n(&ring->is_starved, false, __ATOMIC_RELAXED);
		return true;
	}
	__atomic_store_n(&ring->is_starved, true, __ATOMIC_RELAXED);
	return mf_room_has(ring, end);
}

void mf_ring_miss(struct mf_ring *ring, uint64_t records)
{
	mf_count_lost(ring, records);
	__atomic_store_n(&ring->has_gap, true, __ATOMIC_RELAXED);
}

bool mf_ring_take_gap(struct mf_ring *ring)
{
	uint64_t limit;
	bool gap = true;

	if (__builtin_expect(!__atomic_load_n(&ring->has_gap, __ATOMIC_RELAXED), 1))
		return false;
	/* Room for what is in the ring now, so that what is written next is not lost at once. */
	limit = __atomic_load_n(&ring->header->spill_limit, __ATOMIC_RELAXED);
	if (limit && __atomic_load_n(&ring->header->head, __ATOMIC_RELAXED) + ring->ring_size > limit)
		return false;
	return __atomic_compare_exchange_n(&ring->has_gap, &gap, false, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

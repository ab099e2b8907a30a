/*
 * How full segments leave the ring.
 *
 * The writer whose commit completes a segment spills it (or the first to come by, if a signal handler jumped
 * away between the two). Then the slot takes up its next lap. A writer that finds the slot not yet free (a
 * thread is descheduled in the middle of its write, or a signal handler interrupted one and jumped away)
 * waits briefly and then writes its lap of the slot straight to the file: nothing is ever forced out
 * half-written, nothing overwritten, and whoever is late still finds its place.
 *
 * In a flight recorder a full segment waits for the next lap to overwrite it, and the file has a second place
 * for every slot, behind the ring, for the laps that the slot cannot take.
 *
 * If the file cannot grow, or not for now (ring_room.c), full segments stay until the next lap overwrites
 * them, and their records count as lost.
 */
#include "ring_internal.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

/* A slot that is being spilled is worth waiting for, up to 20 ms, or somewhat longer than for room in the
 * spill; one that lacks a commit may lack it forever, or until the waiting signal handler itself returns. */
#define WAIT_SPILL_ATTEMPTS  400
#define WAIT_ROOM_ATTEMPTS   24000
#define WAIT_SPILL_NS	     50000
#define WAIT_COMMIT_ATTEMPTS 64

static uint64_t *laps_of(struct mf_ring *ring, uint32_t slot)
{
	return &ring->header->laps[slot];
}

static uint64_t *committed_of(struct mf_ring *ring, uint32_t slot)
{
	return &ring->header->committed[slot];
}

/* A limit that was reached may be raised. */
static bool spill_stopped(const struct mf_ring *ring)
{
	uint64_t error = __atomic_load_n(&ring->header->spill_errno, __ATOMIC_RELAXED);

	return error != 0 && !(error == EDQUOT && ring->header->spill_limit != 0);
}

void mf_stop_spilling(struct mf_ring *ring, int error)
{
	uint64_t none = 0;

	__atomic_compare_exchange_n(&ring->header->spill_errno, &none, (uint64_t)-error, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* The slot goes on to its next lap, but not to one before `least`. */
static void advance(struct mf_ring *ring, uint32_t slot, uint32_t least)
{
	uint64_t laps = __atomic_load_n(laps_of(ring, slot), __ATOMIC_RELAXED), new;

	__atomic_store_n(committed_of(ring, slot), 0, __ATOMIC_RELAXED);
	do {
		uint32_t next = MF_LAP_NEXT(laps) > least ? MF_LAP_NEXT(laps) : least;
		new = MF_LAPS(next, next + 1);
	} while (!__atomic_compare_exchange_n(laps_of(ring, slot), &laps, new, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

/* Whether a slot in this state holds a full segment that nobody is going to spill. */
static bool may_overwrite(const struct mf_ring *ring, uint64_t committed)
{
	return ring->flight_recorder ? MF_COMMITTED_STATE(committed) == ring->segment_size
				     : (MF_COMMITTED_STATE(committed) & MF_COMMITTED_PARKED) != 0;
}

/* Gives the slot to the lap of `place`. Setting its count to 0 claims it; whoever stopped for long before
 * that may have claimed a later lap than it saw, and gives it back. */
static bool overwrite(struct mf_ring *ring, const struct mf_place *place)
{
	uint64_t *count = committed_of(ring, place->slot);
	uint64_t committed = __atomic_load_n(count, __ATOMIC_RELAXED);

	if (!may_overwrite(ring, committed) ||
	    !__atomic_compare_exchange_n(count, &committed, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	if (MF_LAP_RESIDENT(__atomic_load_n(laps_of(ring, place->slot), __ATOMIC_RELAXED)) >= place->lap) {
		__atomic_store_n(count, committed, __ATOMIC_RELEASE);
		return false;
	}
	if (!ring->flight_recorder)
		mf_count_lost(ring, MF_COMMITTED_RECORDS(committed));
	advance(ring, place->slot, place->lap);
	return true;
}

/* Makes `place` one of the laps that the slot leaves to the spill. */
static bool divert(struct mf_ring *ring, const struct mf_place *place, uint64_t laps)
{
	return __atomic_compare_exchange_n(laps_of(ring, place->slot), &laps,
					   MF_LAPS(MF_LAP_RESIDENT(laps), place->lap + 1), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static int store_segment(struct mf_ring *ring, uint64_t position, uint64_t offset)
{
	if (!mf_room_await(ring, position + ring->segment_size))
		return -EDQUOT;
	return mf_ring_store(ring, ring->bytes + offset, ring->segment_size, ring->spill_offset + position);
}

/* The full segment of a slot goes to the file. The claim holds the slot still: its lap is the one to spill.
 */
static void spill_claimed(struct mf_ring *ring, uint32_t slot)
{
	uint64_t lap = MF_LAP_RESIDENT(__atomic_load_n(laps_of(ring, slot), __ATOMIC_RELAXED));
	uint64_t offset = (uint64_t)slot << ring->segment_shift;
	int error = -EIO;

	if (!spill_stopped(ring))
		error = store_segment(ring, (lap << ring->ring_shift) + offset, offset);
	if (!error) {
		advance(ring, slot, 0);
		return;
	}
	mf_stop_spilling(ring, error);
	__atomic_fetch_xor(committed_of(ring, slot), MF_COMMITTED_CLAIMED | MF_COMMITTED_PARKED,
			   __ATOMIC_RELEASE);
}

/* With signals blocked, so that whoever claims a slot also gives it back. */
static void spill(struct mf_ring *ring, uint32_t slot)
{
	struct mf_quiet quiet;
	uint64_t committed;

	if (!ring->is_confined)
		mf_quiet_begin(&quiet);
	committed = __atomic_load_n(committed_of(ring, slot), __ATOMIC_RELAXED);
	if (MF_COMMITTED_STATE(committed) == ring->segment_size &&
	    __atomic_compare_exchange_n(committed_of(ring, slot), &committed,
					committed | MF_COMMITTED_CLAIMED, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		spill_claimed(ring, slot);
	if (!ring->is_confined)
		mf_quiet_end(&quiet);
}

/* False: waited long enough. */
static bool wait_for(struct mf_ring *ring, uint32_t slot, uint32_t attempt)
{
	uint64_t state = MF_COMMITTED_STATE(__atomic_load_n(committed_of(ring, slot), __ATOMIC_RELAXED));
	struct timespec pause = {0, WAIT_SPILL_NS};

	if (state == ring->segment_size && !ring->flight_recorder) {
		spill(ring, slot);
		return true;
	}
	if (state & MF_COMMITTED_CLAIMED) {
		raw_syscall2(SYS_nanosleep, (long)&pause, 0);
		return attempt < (mf_room_is_awaited(ring) ? WAIT_ROOM_ATTEMPTS : WAIT_SPILL_ATTEMPTS);
	}
	raw_syscall0(SYS_sched_yield);
	return attempt < WAIT_COMMIT_ATTEMPTS;
}

/* Every writer of one lap of one slot gets the same answer: each is decided by one change of one word. */
static bool enter_slowly(struct mf_ring *ring, const struct mf_place *place)
{
	for (uint32_t attempt = 0;; attempt++) {
		uint64_t laps = __atomic_load_n(laps_of(ring, place->slot), __ATOMIC_ACQUIRE);

		if (MF_LAP_RESIDENT(laps) == place->lap)
			return true;
		if (MF_LAP_RESIDENT(laps) > place->lap || MF_LAP_NEXT(laps) > place->lap)
			return false;
		if (overwrite(ring, place))
			continue;
		if (!wait_for(ring, place->slot, attempt) && divert(ring, place, laps))
			return false;
	}
}

/* A slot goes on only when its segment is full: until this writer has committed, what was seen once holds. */
bool mf_slot_enter(struct mf_ring *ring, const struct mf_place *place)
{
	uint64_t segment = place->position >> ring->segment_shift, laps;

	if (__atomic_load_n(&ring->entered, __ATOMIC_ACQUIRE) == segment + 1)
		return true;
	laps = __atomic_load_n(laps_of(ring, place->slot), __ATOMIC_ACQUIRE);
	if (MF_LAP_RESIDENT(laps) != place->lap && !enter_slowly(ring, place))
		return false;
	__atomic_store_n(&ring->entered, segment + 1, __ATOMIC_RELEASE);
	return true;
}

void mf_slot_commit(struct mf_ring *ring, const struct mf_place *place, uint64_t bytes, uint64_t records)
{
	uint64_t before = __atomic_fetch_add(committed_of(ring, place->slot), MF_COMMITTED(bytes, records),
					     __ATOMIC_ACQ_REL);

	if (MF_COMMITTED_STATE(before) + bytes == ring->segment_size && !ring->flight_recorder)
		spill(ring, place->slot);
}

void mf_slot_pass(struct mf_ring *ring, const struct mf_place *place)
{
	if (MF_LAP_RESIDENT(__atomic_load_n(laps_of(ring, place->slot), __ATOMIC_RELAXED)) < place->lap)
		advance(ring, place->slot, place->lap);
}

void mf_slots_skip(struct mf_ring *ring, uint64_t position)
{
	uint64_t border = (position + ring->segment_size - 1) & ~(ring->segment_size - 1);
	struct mf_place place = mf_place_of(ring, position);

	for (uint64_t slot = border >> ring->segment_shift; slot <= ring->slot_mask; slot++)
		advance(ring, (uint32_t)slot, 0);
	if (border > position)
		mf_slot_commit(ring, &place, border - position, 0);
}

bool mf_write_through(struct mf_ring *ring, struct mf_record *record, uint64_t position, uint64_t offset)
{
	struct mf_quiet quiet;
	int error;

	if (spill_stopped(ring))
		return false;
	record->check = mf_record_check(position, record);
	mf_quiet_begin(&quiet);
	error = ring->flight_recorder || mf_room_has(ring, position + record->size)
		    ? mf_ring_store(ring, record, record->size, offset)
		    : -EDQUOT;
	if (error)
		mf_stop_spilling(ring, error);
	mf_quiet_end(&quiet);
	return error == 0;
}

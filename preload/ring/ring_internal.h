/* What the ring's own files share. */
#ifndef MAPFRAY_RING_INTERNAL_H
#define MAPFRAY_RING_INTERNAL_H

#include "trace_ring.h"

/*
 * header->laps[slot]: the lap whose bytes the slot holds, and the lap it will hold next. Every other lap of
 * the slot lies in the spill. `next` grows when a writer cannot wait for the slot and takes its lap to the
 * spill.
 */
#define MF_LAPS(resident, next) ((uint64_t)(next) << 32 | (uint32_t)(resident))
#define MF_LAP_RESIDENT(laps)	((uint32_t)(laps))
#define MF_LAP_NEXT(laps)	((uint32_t)((laps) >> 32))

/*
 * header->committed[slot]: of the resident lap, how many records are committed (high half) and, as the state,
 * how many bytes. A full segment is claimed by who spills it, and parked if that fails: then the next lap may
 * overwrite it.
 */
#define MF_COMMITTED(bytes, records)	((uint64_t)(records) << 32 | (uint32_t)(bytes))
#define MF_COMMITTED_STATE(committed)	((uint32_t)(committed))
#define MF_COMMITTED_RECORDS(committed) ((committed) >> 32)
#define MF_COMMITTED_CLAIMED		0x80000000U
#define MF_COMMITTED_PARKED		0x40000000U

/* Where a stretch of the stream lies in the ring. */
struct mf_place {
	uint64_t position;
	uint32_t slot;
	uint32_t lap;
};

/* Signals blocked, so that no handler runs (or jumps away) in the middle, and SIGXFSZ can be taken back. */
struct mf_quiet {
	uint64_t mask;
	uint64_t pending;
};

void mf_quiet_begin(struct mf_quiet *quiet);
void mf_quiet_end(const struct mf_quiet *quiet);

/* `descriptor` or a duplicate of it that is out of the program's way. */
int mf_move_descriptor(int descriptor, int least);
/* With signals blocked: the descriptor of the log, opened anew if the program closed it; -errno if there is
 * none. To be released. */
int mf_ring_descriptor(struct mf_ring *ring);
/* Closes the descriptor if it is not the one that is kept. */
void mf_ring_release(struct mf_ring *ring, int descriptor);
/* Whether a descriptor is out of the program's way and may be kept open. */
bool mf_may_keep(const struct mf_ring *ring, int descriptor);
/* With signals blocked: writes all of `size` bytes, or nothing that a reader could take for records. Returns
 * 0 or -errno. */
int mf_ring_store(struct mf_ring *ring, const void *bytes, uint64_t size, uint64_t offset);

/* Whether the ring's slot holds the lap of `place`; false: its bytes belong into the spill. */
bool mf_slot_enter(struct mf_ring *ring, const struct mf_place *place);
/* Counts committed bytes; the one who completes the segment spills it. */
void mf_slot_commit(struct mf_ring *ring, const struct mf_place *place, uint64_t bytes, uint64_t records);
/* The slot, which holds nothing, goes on to the lap of `place`. */
void mf_slot_pass(struct mf_ring *ring, const struct mf_place *place);
/* Nothing will ever be written from `position` to the end of the first lap: its slots take up the next one.
 */
void mf_slots_skip(struct mf_ring *ring, uint64_t position);
/* Nothing is spilled from here on, because of `error`, a -errno. */
void mf_stop_spilling(struct mf_ring *ring, int error);
/* Claims the disk for the beginning of a new log, header included, or for all of it; 0 or -errno. */
int mf_claim_first(struct mf_ring *ring, int descriptor);
/* Claims disk for a stretch of the stream that has none so far. False: there is none. */
bool mf_claim_slowly(struct mf_ring *ring, const struct mf_place *place, uint64_t size);
/* fallocate(), or zeros where the file system has none; 0 or -errno. */
int mf_allocate(int descriptor, uint64_t size);
int mf_write_zeros(int descriptor, uint64_t size, uint64_t offset);
/* Whether the spill may reach stream position `end`: may wait for it, a second at most and not twice in vain.
 * With signals blocked. */
bool mf_room_await(struct mf_ring *ring, uint64_t end);
/* Likewise, without waiting. */
bool mf_room_has(struct mf_ring *ring, uint64_t end);
/* Whether it is worth waiting for who waits for room. */
bool mf_room_is_awaited(const struct mf_ring *ring);
/* Writes one record to the file at `offset`; its check is set here. False: it could not be written. */
bool mf_write_through(struct mf_ring *ring, struct mf_record *record, uint64_t position, uint64_t offset);
/* A flight recorder's record whose slot is not free. False: it is lost. */
bool mf_second_write(struct mf_ring *ring, struct mf_record *record, const struct mf_place *place);

static inline void mf_count_lost(struct mf_ring *ring, uint64_t records)
{
	__atomic_fetch_add(&ring->header->lost, records, __ATOMIC_RELAXED);
}

/* Whether the ring may be written to there; claims what it takes. */
static inline bool mf_is_claimed(struct mf_ring *ring, const struct mf_place *place, uint64_t size)
{
	return __builtin_expect(place->position + size <= __atomic_load_n(&ring->claimed, __ATOMIC_ACQUIRE),
				1) ||
	       mf_claim_slowly(ring, place, size);
}

static inline struct mf_place mf_place_of(const struct mf_ring *ring, uint64_t position)
{
	struct mf_place place = {
	    .position = position,
	    .slot = (uint32_t)(position >> ring->segment_shift) & ring->slot_mask,
	    .lap = (uint32_t)(position >> ring->ring_shift),
	};
	return place;
}

#endif

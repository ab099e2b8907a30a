/*
 * How a record gets into the ring.
 *
 * A producer reserves a stretch of the stream by one atomic addition, copies the payload, and commits by one
 * atomic store of the record's first word, whose check covers position and payload: killed before the store
 * there is no record, killed after it there is. No record crosses the end of a segment: where one would, both
 * sides of the border are filled with zeros, which a reader skips, and a new stretch is reserved.
 *
 * The kernel keeps the mapping's pages when the process dies, so nothing needs flushing.
 */
#include "ring_internal.h"

static uint64_t *words_at(struct mf_ring *ring, uint64_t position)
{
	return (uint64_t *)(void *)(ring->bytes + (position & (ring->ring_size - 1)));
}

/* Copies the payload and returns the record's check. Atomic stores, so that the compiler does not make this a
 * call of memcpy. */
static uint32_t copy_payload(uint64_t *to, const struct mf_record *record, uint64_t position)
{
	struct mf_record head = *record;
	uint64_t state, word;

	head.check = 0;
	state = mf_mix(position ^ MF_CHECK_SEED, &head, 1);
	for (uint32_t i = 1; i < record->size / 8u; i++) {
		__builtin_memcpy(&word, (const char *)record + 8 * i, 8);
		__atomic_store_n(to + i, word, __ATOMIC_RELAXED);
		state = mf_mix(state, &word, 1);
	}
	return (uint32_t)state;
}

static void put(struct mf_ring *ring, struct mf_record *record, uint64_t position)
{
	uint64_t *to = words_at(ring, position), word;

	record->check = copy_payload(to, record, position);
	__builtin_memcpy(&word, record, 8);
	__atomic_store_n(to, word, __ATOMIC_RELEASE);
}

static void fill(struct mf_ring *ring, uint64_t position, uint64_t size)
{
	struct mf_place place = mf_place_of(ring, position);
	uint64_t *to = words_at(ring, position);

	if (!mf_is_claimed(ring, &place, size) || !mf_slot_enter(ring, &place))
		return; /* the file reads as zeros where nothing was written */
	for (uint64_t i = 0; i < size / 8; i++)
		__atomic_store_n(to + i, 0, __ATOMIC_RELAXED);
	mf_slot_commit(ring, &place, size, 0);
}

/* A stretch of the stream that lies in one segment. */
static uint64_t reserve(struct mf_ring *ring, uint32_t size)
{
	for (;;) {
		uint64_t position = __atomic_fetch_add(&ring->header->head, size, __ATOMIC_SEQ_CST);
		uint64_t border = (position | (ring->segment_size - 1)) + 1;

		if (position + size <= border)
			return position;
		fill(ring, position, border - position);
		fill(ring, border, position + size - border);
	}
}

static bool write_at(struct mf_ring *ring, struct mf_record *record, uint64_t position)
{
	struct mf_place place = mf_place_of(ring, position);

	if (!mf_is_claimed(ring, &place, record->size))
		return false;
	if (!mf_slot_enter(ring, &place)) {
		if (ring->flight_recorder)
			return mf_second_write(ring, record, &place);
		return mf_write_through(ring, record, position, ring->spill_offset + position);
	}
	put(ring, record, position);
	mf_slot_commit(ring, &place, record->size, 1);
	return true;
}

bool mf_ring_write(struct mf_ring *ring, struct mf_record *record)
{
	bool written = write_at(ring, record, reserve(ring, record->size));

	if (!written)
		mf_count_lost(ring, 1);
	return written;
}

/* Where the file cannot grow, a definition that may be overwritten is better than none. */
bool mf_ring_define(struct mf_ring *ring, struct mf_record *record)
{
	uint64_t position;

	if (!ring->flight_recorder || __atomic_load_n(&ring->header->spill_errno, __ATOMIC_RELAXED))
		return mf_ring_write(ring, record);
	position = __atomic_fetch_add(&ring->header->definitions_head, record->size, __ATOMIC_RELAXED);
	return mf_write_through(ring, record, position, ring->spill_offset + position) ||
	       mf_ring_write(ring, record);
}

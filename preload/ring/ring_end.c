/* The end of a log: orderly, taken back, or left to the parent. */
#include "ring_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/syscall.h>

/* Ends the first lap where it stands, so that nobody will write to the rest of the ring. 0: it is over
 * already. */
static uint64_t end_first_lap(struct mf_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->header->head, __ATOMIC_RELAXED);

	while (head < ring->ring_size)
		if (__atomic_compare_exchange_n(&ring->header->head, &head, ring->ring_size, true,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return head;
	return 0;
}

/* fallocate of the unused part of the ring; 0 or -errno. */
static long allocate(struct mf_ring *ring, uint64_t position, int mode)
{
	uint64_t page = ring->header->identity.page_size;
	uint64_t start = (position + page - 1) & ~(page - 1);
	struct mf_quiet quiet;
	int descriptor;
	long result;

	if (start >= ring->ring_size)
		return 0;
	mf_quiet_begin(&quiet);
	descriptor = mf_ring_descriptor(ring);
	result = descriptor;
	if (descriptor >= 0)
		result = raw_syscall4(SYS_fallocate, descriptor, mode, (long)(MF_HEADER_SIZE + start),
				      (long)(ring->ring_size - start));
	mf_ring_release(ring, descriptor);
	mf_quiet_end(&quiet);
	return result;
}

/* Whether there is nothing to give back, or no way to. */
static bool keeps_all(const struct mf_ring *ring)
{
	return ring->flight_recorder || ring->is_confined || ring->claims_late;
}

/* Late writers go on in the next lap: to slots that are complete, or straight to the file. Not so in a flight
 * recorder: it would touch what was given back, and on a full disk that is a SIGBUS. */
void mf_ring_finish(struct mf_ring *ring)
{
	uint64_t position;

	__atomic_store_n(&ring->header->state, MF_STATE_EXITED, __ATOMIC_RELAXED);
	position = keeps_all(ring) ? 0 : end_first_lap(ring);
	if (position == 0)
		return;
	allocate(ring, position, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	__atomic_store_n(&ring->unused_from, position, __ATOMIC_RELEASE);
}

/* If the disk does not give the space again, records keep going straight to the file. */
void mf_ring_resume(struct mf_ring *ring)
{
	uint64_t position = __atomic_exchange_n(&ring->unused_from, 0, __ATOMIC_ACQUIRE);

	__atomic_store_n(&ring->header->state, MF_STATE_RECORDING, __ATOMIC_RELAXED);
	if (position != 0 && allocate(ring, position, 0) == 0)
		mf_slots_skip(ring, position);
}

void mf_ring_confine(struct mf_ring *ring)
{
	uint64_t none = 0;

	mf_ring_claim(ring); /* as far as that may still be done */
	__atomic_compare_exchange_n(&ring->header->spill_errno, &none, EPERM, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	ring->is_confined = true;
}

void mf_ring_abandon(struct mf_ring *ring)
{
	struct mf_quiet quiet;

	mf_quiet_begin(&quiet);
	if (mf_is_log(ring, ring->descriptor))
		raw_syscall1(SYS_close, ring->descriptor);
	mf_quiet_end(&quiet);
	ring->descriptor = -1;
}

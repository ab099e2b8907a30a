/* The end of a log: orderly, taken back, or left to the parent. */
#include "ring_internal.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/syscall.h>

/* Ends the first lap where it stands, so that nobody will write to the rest of the ring. 0: it is over already. */
static uint64_t end_first_lap(struct mf_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->header->head, __ATOMIC_RELAXED);

	while (head < ring->ring_size)
		if (__atomic_compare_exchange_n(&ring->header->head, &head, ring->ring_size, true,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return head;
	return 0;
}

/* Gives the ring's bytes from `position` on back to the disk. */
static void punch(struct mf_ring *ring, uint64_t position)
{
	uint64_t start = (position + 65535) & ~65535ULL;
	struct mf_quiet quiet;
	int descriptor;

	if (position == 0 || start >= ring->ring_size)
		return;
	mf_quiet_begin(&quiet);
	descriptor = mf_ring_descriptor(ring);
	if (descriptor >= 0)
		raw_syscall4(SYS_fallocate, descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     (long)(MF_HEADER_SIZE + start), (long)(ring->ring_size - start));
	mf_quiet_end(&quiet);
}

/* The flight recorder's next lap would touch what was punched, and a full disk would make that a SIGBUS. */
void mf_ring_finish(struct mf_ring *ring)
{
	__atomic_store_n(&ring->header->state, MF_STATE_EXITED, __ATOMIC_RELAXED);
	if (!ring->flight_recorder)
		punch(ring, end_first_lap(ring));
}

void mf_ring_resume(struct mf_ring *ring)
{
	__atomic_store_n(&ring->header->state, MF_STATE_RECORDING, __ATOMIC_RELAXED);
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

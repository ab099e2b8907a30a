/*
 * The disk that the ring takes, claimed before anything is stored there: a page that cannot be had would be a
 * SIGBUS for the program.
 *
 * Where there is room to spare, the first lap claims it piece by piece as it comes along: to claim all of it
 * at the start and to give most of it back at the end takes a short-lived process longer than all else.
 * Zeros are written instead of fallocate(): a first touch of what was only allocated takes the file system
 * five times as long. Elsewhere, and in a flight recorder, the whole ring is claimed at once, so that it can
 * go on with the newest records when the disk is full.
 *
 * Who claims wipes what lies there, so it must be known what is claimed already. A forked child that has no
 * log yet writes here too, long after it got its copy of `struct mf_ring`: what counts stands in the header,
 * and a lock on the file, which the kernel takes back from the dead, keeps the processes apart.
 */
#include "ring_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

#define FIRST_STEPS 16384
#define STEPS	    65536
#define PLENTY	    (256ULL << 20) /* bytes free beside the ring: nobody fills that up by accident */
#define WAIT_NS	    50000
#define WAIT_CLAIM  400 /* 20 ms */

static bool may_grow_to(uint64_t size)
{
	uint64_t limits[2];

	return raw_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)limits) == 0 && size <= limits[0];
}

static bool has_plenty(int descriptor, uint64_t size)
{
	struct statfs facts;

	return raw_syscall2(SYS_fstatfs, descriptor, (long)&facts) == 0 &&
	       (uint64_t)facts.f_bavail * (uint64_t)facts.f_bsize >= PLENTY + size;
}

/* For readers: what was reserved and never claimed, because the process was killed, reads as zeros. */
static long extend(int descriptor, uint64_t size)
{
	return raw_syscall2(SYS_ftruncate, descriptor, (long)size);
}

int mf_claim_first(struct mf_ring *ring, int descriptor)
{
	uint64_t first = ring->ring_size < FIRST_STEPS ? ring->ring_size : FIRST_STEPS;
	int error;

	ring->claiming = false;
	ring->claims_late = !ring->flight_recorder && may_grow_to(ring->mapping_size) &&
			    has_plenty(descriptor, ring->mapping_size);
	ring->claimed = ring->claims_late && first < ring->ring_size ? first : UINT64_MAX;
	error = (int)(ring->claims_late ? extend(descriptor, ring->mapping_size)
					: mf_allocate(descriptor, ring->mapping_size));
	return error ? error : mf_write_zeros(descriptor, MF_HEADER_SIZE + first, 0);
}

/* With signals blocked, so that whoever begins also ends it. False: somebody else takes too long. */
static bool begin_claiming(struct mf_ring *ring, uint64_t end)
{
	struct timespec pause = {0, WAIT_NS};

	for (uint32_t attempt = 0; attempt < WAIT_CLAIM; attempt++) {
		if (!__atomic_exchange_n(&ring->claiming, true, __ATOMIC_ACQUIRE))
			return true;
		raw_syscall2(SYS_nanosleep, (long)&pause, 0);
		if (end <= __atomic_load_n(&ring->claimed, __ATOMIC_ACQUIRE))
			return false;
	}
	return false;
}

static long set_lock(int descriptor, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	return raw_syscall3(SYS_fcntl, descriptor, F_SETLK, (long)&lock);
}

/* False: another process takes too long. Where there are no locks, it goes without. */
static bool lock_file(int descriptor)
{
	struct timespec pause = {0, WAIT_NS};

	for (uint32_t attempt = 0; attempt < WAIT_CLAIM; attempt++) {
		long error = set_lock(descriptor, F_WRLCK);

		if (error != -EAGAIN && error != -EACCES)
			return true;
		raw_syscall2(SYS_nanosleep, (long)&pause, 0);
	}
	return false;
}

static uint64_t claimed_by_now(struct mf_ring *ring)
{
	uint64_t claimed = __atomic_load_n(&ring->header->claimed, __ATOMIC_ACQUIRE);

	__atomic_store_n(&ring->claimed, claimed, __ATOMIC_RELEASE);
	return claimed;
}

static void set_claimed(struct mf_ring *ring, uint64_t end)
{
	__atomic_store_n(&ring->header->claimed, end < ring->ring_size ? end : UINT64_MAX, __ATOMIC_RELEASE);
	claimed_by_now(ring);
}

static int wipe_until(struct mf_ring *ring, int descriptor, uint64_t end)
{
	uint64_t claimed = claimed_by_now(ring);
	int error;

	if (end <= claimed)
		return 0;
	error = mf_write_zeros(descriptor, end - claimed, MF_HEADER_SIZE + claimed);
	if (!error)
		set_claimed(ring, end);
	return error;
}

static void claim_until(struct mf_ring *ring, uint64_t end)
{
	int descriptor, error;

	if (end <= claimed_by_now(ring) || ring->is_refused)
		return;
	descriptor = mf_ring_descriptor(ring);
	error = descriptor;
	if (descriptor >= 0) {
		if (!lock_file(descriptor))
			return mf_ring_release(ring, descriptor);
		error = wipe_until(ring, descriptor, end);
		set_lock(descriptor, F_UNLCK);
	}
	mf_ring_release(ring, descriptor);
	if (error < 0) {
		ring->is_refused = true;
		mf_stop_spilling(ring, error == -EDQUOT ? -ENOSPC : error);
	}
}

static void claim(struct mf_ring *ring, uint64_t end)
{
	struct mf_quiet quiet;

	if (ring->is_confined)
		return;
	mf_quiet_begin(&quiet);
	if (begin_claiming(ring, end)) {
		claim_until(ring, end);
		__atomic_store_n(&ring->claiming, false, __ATOMIC_RELEASE);
	}
	mf_quiet_end(&quiet);
}

/* Where the disk was refused no lap will ever be, and those that pass by leave nothing. */
static bool pass_by(struct mf_ring *ring, const struct mf_place *place)
{
	uint64_t first = (uint64_t)place->slot << ring->segment_shift;

	if (first < __atomic_load_n(&ring->claimed, __ATOMIC_ACQUIRE))
		return false;
	mf_slot_pass(ring, place);
	return true;
}

bool mf_claim_slowly(struct mf_ring *ring, const struct mf_place *place, uint64_t size)
{
	uint64_t end = place->position + size, step = end <= STEPS ? FIRST_STEPS : STEPS;

	if (end <= claimed_by_now(ring))
		return true;
	/* A slot goes on to a further lap only when it was full. */
	if (place->lap > 0)
		return !pass_by(ring, place);
	if (!ring->is_refused)
		claim(ring, (end + step - 1) & ~(step - 1));
	return end <= __atomic_load_n(&ring->claimed, __ATOMIC_ACQUIRE);
}

void mf_ring_claim(struct mf_ring *ring)
{
	claim(ring, ring->ring_size);
}

/*
 * Writing to the log file from inside a program that knows nothing of it: its signals, its limits and its
 * habit of closing descriptors it never opened.
 */
#include "ring_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LOW_NUMBERS	100
#define BEYOND_MOST	16384
#define SIGNAL_SET_SIZE 8 /* bytes, as the kernel wants it */
#define BIT(signal)	(1ULL << ((signal)-1))

static const unsigned char zeros[4096];

void mf_quiet_begin(struct mf_quiet *quiet)
{
	uint64_t all = ~0ULL;

	raw_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&quiet->mask, SIGNAL_SET_SIZE);
	quiet->pending = 0;
	raw_syscall2(SYS_rt_sigpending, (long)&quiet->pending, SIGNAL_SET_SIZE);
}

/* A write beyond RLIMIT_FSIZE raises SIGXFSZ, which would kill the program: takes it back, if it is ours. */
void mf_quiet_end(const struct mf_quiet *quiet)
{
	uint64_t ours = BIT(SIGXFSZ);
	struct timespec now = {0, 0};

	if (!(quiet->pending & ours))
		raw_syscall4(SYS_rt_sigtimedwait, (long)&ours, 0, (long)&now, SIGNAL_SET_SIZE);
	raw_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&quiet->mask, 0, SIGNAL_SET_SIZE);
}

void mf_room_begin(struct mf_room *room)
{
	uint64_t raised[2];

	room->is_raised = false;
	if (raw_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)room->limits) != 0 ||
	    room->limits[0] == room->limits[1])
		return;
	raised[0] = raised[1] = room->limits[1];
	room->is_raised = raw_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)raised, 0) == 0;
}

void mf_room_end(const struct mf_room *room)
{
	if (room->is_raised)
		raw_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)room->limits, 0);
}

int mf_room_least(const struct mf_room *room, int least)
{
	bool is_beyond =
	    room->is_raised && room->limits[0] > (uint64_t)least && room->limits[0] <= BEYOND_MOST;

	return is_beyond ? (int)room->limits[0] : least;
}

int mf_move_descriptor(int descriptor, int least)
{
	for (; least > descriptor; least /= 2) {
		long moved = raw_syscall3(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, least);

		if (moved < 0)
			continue;
		raw_syscall1(SYS_close, descriptor);
		return (int)moved;
	}
	return descriptor;
}

bool mf_is_log(const struct mf_ring *ring, int descriptor)
{
	struct stat status;

	return descriptor >= 0 && raw_syscall2(SYS_fstat, descriptor, (long)&status) == 0 &&
	       status.st_dev == ring->device && status.st_ino == ring->inode;
}

/* Where RLIMIT_NOFILE allows no other, a low number is taken for as long as it is needed, and no longer. */
bool mf_may_keep(const struct mf_ring *ring, int descriptor)
{
	return descriptor >= LOW_NUMBERS || ring->least_descriptor < LOW_NUMBERS;
}

void mf_ring_release(struct mf_ring *ring, int descriptor)
{
	if (descriptor >= 0 && !mf_may_keep(ring, descriptor))
		raw_syscall1(SYS_close, descriptor);
}

/* The old number is the program's now and stays open. */
static int reopen_in(struct mf_ring *ring, int old, int least)
{
	long new = raw_syscall4(SYS_openat, AT_FDCWD, (long)ring->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);

	if (new < 0)
		return -EBADF;
	if (!mf_is_log(ring, (int)new)) {
		raw_syscall1(SYS_close, new);
		return -EBADF;
	}
	new = mf_move_descriptor((int)new, least);
	if (!mf_may_keep(ring, (int)new))
		return (int)new;
	if (__atomic_compare_exchange_n(&ring->descriptor, &old, (int)new, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return (int)new;
	raw_syscall1(SYS_close, new); /* another thread was faster */
	return old;
}

static int reopen(struct mf_ring *ring, int old)
{
	struct mf_room room;
	int new;

	mf_room_begin(&room);
	new = reopen_in(ring, old, mf_room_least(&room, ring->least_descriptor));
	mf_room_end(&room);
	return new;
}

int mf_ring_descriptor(struct mf_ring *ring)
{
	int descriptor = __atomic_load_n(&ring->descriptor, __ATOMIC_RELAXED);

	return mf_is_log(ring, descriptor) ? descriptor : reopen(ring, descriptor);
}

/* Bytes written, fewer than `size` if an error ended it; the error goes to `error`. */
static uint64_t write_all(int descriptor, const unsigned char *bytes, uint64_t size, uint64_t offset,
			  int *error)
{
	uint64_t done = 0;

	while (done < size) {
		long count = raw_syscall4(SYS_pwrite64, descriptor, (long)(bytes + done), (long)(size - done),
					  (long)(offset + done));
		if (count == -EINTR)
			continue;
		if (count <= 0) {
			*error = count < 0 ? (int)count : -EIO;
			break;
		}
		done += (uint64_t)count;
	}
	return done;
}

/* The blocks are there, so this needs no space. */
static void wipe(int descriptor, uint64_t size, uint64_t offset)
{
	int error = 0;

	while (size > 0 && !error) {
		uint64_t part = size < sizeof zeros ? size : sizeof zeros;

		write_all(descriptor, zeros, part, offset, &error);
		size -= part;
		offset += part;
	}
}

int mf_ring_store(struct mf_ring *ring, const void *bytes, uint64_t size, uint64_t offset)
{
	uint64_t done;
	int descriptor = mf_ring_descriptor(ring), error = 0;

	if (descriptor < 0)
		return descriptor;
	done = write_all(descriptor, bytes, size, offset, &error);
	if (error)
		wipe(descriptor, done, offset);
	mf_ring_release(ring, descriptor);
	return error;
}

/* Creating a log and mapping its ring. */
#include "ring_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define RING_SIZE_DEFAULT  (4ULL << 20)
#define RING_SIZE_LEAST	   (32ULL << 10)
#define RING_SIZE_MOST	   (1ULL << 35)
#define SEGMENT_SIZE_LEAST (16ULL << 10) /* two records of the greatest size */
#define SEGMENT_SIZE_MOST  (1ULL << 29)
#define SEGMENTS_DEFAULT   16
#define LEAST_DESCRIPTOR   1000
#define PAGE_SIZE_DEFAULT  4096
#define SPILL_ALIGNMENT	   65536 /* the greatest page size */

static const unsigned char zeros[32768];

/* The least 1 << shift that is not below `size`. */
static uint32_t shift_for(uint64_t size)
{
	uint32_t shift = 0;

	while (1ULL << shift < size)
		shift++;
	return shift;
}

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

/* A flight recorder has a second place for every slot behind the ring; the file is sparse there. */
static uint64_t spill_offset(const struct mf_ring *ring)
{
	uint64_t end = ring->mapping_size + (ring->flight_recorder ? ring->ring_size : 0);

	return (end + SPILL_ALIGNMENT - 1) & ~(SPILL_ALIGNMENT - 1ULL);
}

static void set_sizes(struct mf_ring *ring, const struct mf_ring_options *options)
{
	uint64_t size =
	    clamp(or_default(options->ring_size, RING_SIZE_DEFAULT), RING_SIZE_LEAST, RING_SIZE_MOST);
	uint64_t segment = or_default(options->segment_size, size / SEGMENTS_DEFAULT);

	ring->ring_shift = shift_for(size);
	ring->ring_size = 1ULL << ring->ring_shift;
	segment = clamp(segment, ring->ring_size / MF_SEGMENTS_MAX, ring->ring_size / 2);
	ring->segment_shift = shift_for(clamp(segment, SEGMENT_SIZE_LEAST, SEGMENT_SIZE_MOST));
	ring->segment_size = 1ULL << ring->segment_shift;
	ring->slot_mask = (uint32_t)(ring->ring_size / ring->segment_size - 1);
	ring->mapping_size = MF_HEADER_SIZE + ring->ring_size;
	ring->flight_recorder = options->flight_recorder;
	ring->spill_offset = spill_offset(ring);
	ring->least_descriptor = options->least_descriptor ? options->least_descriptor : LEAST_DESCRIPTOR;
}

static int set_path(struct mf_ring *ring, const char *path)
{
	for (uint64_t i = 0; i < MF_RING_PATH_MAX; i++) {
		ring->path[i] = path[i];
		if (path[i] == 0)
			return 0;
	}
	return -ENAMETOOLONG;
}

static int write_whole(int descriptor, const void *bytes, uint64_t size, uint64_t offset)
{
	for (uint64_t done = 0; done < size;) {
		long count = raw_syscall4(SYS_pwrite64, descriptor, (long)bytes + (long)done,
					  (long)(size - done), (long)(offset + done));

		if (count <= 0 && count != -EINTR)
			return count < 0 ? (int)count : -ENOSPC;
		done += count > 0 ? (uint64_t)count : 0;
	}
	return 0;
}

int mf_write_zeros(int descriptor, uint64_t size, uint64_t offset)
{
	int error = 0;

	for (uint64_t done = 0; done < size && !error; done += sizeof zeros) {
		uint64_t part = size - done < sizeof zeros ? size - done : sizeof zeros;

		error = write_whole(descriptor, zeros, part, offset + done);
	}
	return error;
}

int mf_allocate(int descriptor, uint64_t size)
{
	long error;

	do
		error = raw_syscall4(SYS_fallocate, descriptor, 0, 0, (long)size);
	while (error == -EINTR);
	if (error == -EOPNOTSUPP || error == -ENOSYS || error == -EPERM)
		return mf_write_zeros(descriptor, size, 0);
	return (int)error;
}

static int identify(struct mf_ring *ring, int descriptor)
{
	struct stat status;
	long error = raw_syscall2(SYS_fstat, descriptor, (long)&status);

	ring->device = status.st_dev;
	ring->inode = status.st_ino;
	return (int)error;
}

static int map(struct mf_ring *ring, int descriptor, const struct mf_ring_options *options)
{
	void *place = options->place;
	uint64_t time = options->now ? options->now() : 0;
	long address = raw_syscall6(SYS_mmap, (long)place, (long)ring->mapping_size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | (place ? MAP_FIXED : 0), descriptor, 0);

	if (address < 0 && address > -4096)
		return (int)address;
	ring->mapped_time = time;
	ring->header = (struct mf_header *)address;
	ring->bytes = (unsigned char *)address + MF_HEADER_SIZE;
	return 0;
}

static void fill_identity(struct mf_identity *identity, const struct mf_ring *ring,
			  const struct mf_ring_options *options)
{
	identity->magic = MF_MAGIC;
	identity->version = MF_VERSION;
	identity->header_size = MF_HEADER_SIZE;
	identity->byte_order = MF_BYTE_ORDER;
	identity->page_size = (uint32_t)or_default(options->page_size, PAGE_SIZE_DEFAULT);
	identity->features = ring->flight_recorder ? MF_FEATURE_FLIGHT_RECORDER : 0;
	identity->ring_offset = MF_HEADER_SIZE;
	identity->ring_size = ring->ring_size;
	identity->segment_size = ring->segment_size;
	identity->segment_count = ring->slot_mask + 1;
	identity->spill_offset = ring->spill_offset;
	identity->start_time = options->start_time;
	identity->start_realtime = options->start_realtime;
	identity->process = options->process;
	identity->parent_process = options->parent_process;
}

static void fill_header(struct mf_ring *ring, const struct mf_ring_options *options)
{
	struct mf_header *header = ring->header;

	fill_identity(&header->identity, ring, options);
	header->spill_limit = ring->flight_recorder ? 0 : options->spill_limit;
	header->claimed = ring->claimed;
	for (uint32_t slot = 0; slot <= ring->slot_mask; slot++) {
		header->laps[slot] = MF_LAPS(0, 1);
		ring->second[slot] = 0;
	}
	header->identity_check = mf_identity_check(&header->identity);
}

/* The first pages are written before they are mapped: what is there already need not be read, and none is
 * read ahead with it, which takes 0.2 ms. */
static int prepare(struct mf_ring *ring, int descriptor, const struct mf_ring_options *options)
{
	int error = mf_claim_first(ring, descriptor);

	error = error ? error : identify(ring, descriptor);
	error = error ? error : map(ring, descriptor, options);
	if (!error)
		fill_header(ring, options);
	return error;
}

static int create(struct mf_ring *ring, const struct mf_ring_options *options)
{
	struct mf_room room;
	long descriptor;
	int error;

	mf_room_begin(&room);
	descriptor = raw_syscall4(SYS_openat, AT_FDCWD, (long)ring->path,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (descriptor >= 0)
		descriptor =
		    mf_move_descriptor((int)descriptor, mf_room_least(&room, ring->least_descriptor));
	mf_room_end(&room);
	if (descriptor < 0)
		return (int)descriptor;
	error = prepare(ring, (int)descriptor, options);
	if (error) {
		raw_syscall3(SYS_unlinkat, AT_FDCWD, (long)ring->path, 0);
		raw_syscall1(SYS_close, descriptor);
		return error;
	}
	ring->descriptor = mf_may_keep(ring, (int)descriptor) ? (int)descriptor : -1;
	mf_ring_release(ring, (int)descriptor);
	ring->unused_from = 0;
	ring->is_starved = ring->has_gap = ring->is_refused = ring->is_confined = false;
	ring->entered = 0;
	return 0;
}

int mf_ring_open(struct mf_ring *ring, const char *path, const struct mf_ring_options *options)
{
	struct mf_quiet quiet;
	int error;

	mf_quiet_begin(&quiet);
	set_sizes(ring, options);
	error = set_path(ring, path);
	if (!error)
		error = create(ring, options);
	mf_quiet_end(&quiet);
	return error;
}

/*
 * The ring through which the traced process writes its log.
 *
 * A shared file mapping: what was written survives SIGKILL. No lock, no libc call, errno untouched, nothing
 * allocated after opening; callable from signal handlers and from every thread. FORMAT.md beside the format's
 * header explains the file; ring_write.c how records get in, ring_spill.c how they get out.
 */
#ifndef MAPFRAY_TRACE_RING_H
#define MAPFRAY_TRACE_RING_H

#include "raw_syscall.h"
#include "trace_format.h"

#include <stdbool.h>
#include <stdint.h>

#define MF_RING_PATH_MAX 4096

/* Zero in any field means the default. */
struct mf_ring_options {
	uint64_t ring_size;    /* bytes, made a power of two; default 4 MiB */
	uint64_t segment_size; /* bytes, made a power of two; default a 16th of the ring */
	uint64_t spill_limit;  /* bytes that may be spilled until somebody raises header->spill_limit */
	bool flight_recorder;  /* overwrite the oldest records instead of spilling */
	void *place;	       /* map over this address: a forked child over its parent's ring, same sizes */
	int least_descriptor;  /* number the log's descriptor shall not be below, if it can; default 1000 */
	uint64_t page_size;    /* bytes; default 4096 */
	uint64_t start_time;   /* CLOCK_MONOTONIC ns */
	uint64_t (*now)(void); /* CLOCK_MONOTONIC ns, or NULL: to know when the ring was mapped */
	uint64_t start_realtime; /* CLOCK_REALTIME ns */
	uint32_t process;
	uint32_t parent_process;
};

/* An open log. The fields belong to the ring; read them freely. */
struct mf_ring {
	struct mf_header *header; /* the mapping: header, then ring */
	unsigned char *bytes;	  /* the ring */
	uint64_t ring_size;	  /* bytes */
	uint64_t segment_size;	  /* bytes */
	uint32_t ring_shift;	  /* position >> ring_shift is the lap */
	uint32_t segment_shift;	  /* position >> segment_shift is the segment */
	uint32_t slot_mask;	  /* segment & slot_mask is the slot */
	bool flight_recorder;
	bool is_confined;
	bool is_starved;  /* waited for room in vain; not again before there is some */
	bool has_gap;	  /* records were lost, and nobody has made up for it */
	bool claiming;	  /* somebody claims disk */
	bool is_refused;  /* there was no disk to claim: what lies behind is never written to */
	uint64_t claimed; /* header->claimed, or what it was: stream position up to which the disk is claimed
			     for the first lap; at last UINT64_MAX */
	uint64_t entered; /* 1 + a segment that its slot held when somebody looked, or 0 */
	/* Until here, what every record needs. */
	bool claims_late;      /* in steps, as the first lap comes along */
	uint64_t mapping_size; /* bytes */
	/* CLOCK_MONOTONIC ns right before it came about, if options->now was given: on the way back the
	 * process may be stopped for long */
	uint64_t mapped_time;
	uint64_t spill_offset; /* file offset of stream position 0 */
	int descriptor;	       /* changes if the program closes it */
	int least_descriptor;
	uint64_t device; /* of the log file */
	uint64_t inode;
	uint64_t second[MF_SEGMENTS_MAX]; /* the last lap beside a flight recorder's ring */
	uint64_t unused_from; /* the first lap ended here, and the rest was given back to the disk; else 0 */
	char path[MF_RING_PATH_MAX];
};

/*
 * Descriptors that the tracer needs come about even where the program has used up its own, or may have few:
 * RLIMIT_NOFILE is raised as far as it goes, for as long as it takes to open one and move it up.
 */
struct mf_room {
	uint64_t limits[2]; /* as they were; struct rlimit64 */
	bool is_raised;
};
void mf_room_begin(struct mf_room *room);
void mf_room_end(const struct mf_room *room);
/* The least number for a descriptor of the tracer's: beyond the program's limit, where it takes nothing of
 * it, if that can be had and is not so high that the kernel's table would grow large. */
int mf_room_least(const struct mf_room *room, int least);

/*
 * Creates the log at `path` (absolute, so that it is found again after chdir; must not exist; mode 0600) and
 * maps it. Returns 0 or -errno; on failure nothing is left behind, what is mapped at `options->place` stays,
 * and `ring` must not be written to.
 */
int mf_ring_open(struct mf_ring *ring, const char *path, const struct mf_ring_options *options);

/*
 * Writes a record whose size (multiple of 8, at most MF_RECORD_SIZE_MAX), kind, detail and payload are set;
 * sets its check. False: it was lost, and header->lost counts it.
 */
bool mf_ring_write(struct mf_ring *ring, struct mf_record *record);

/* The same for a record that others refer to: the flight recorder never overwrites it. */
bool mf_ring_define(struct mf_ring *ring, struct mf_record *record);

/* Claims disk for all of the ring, while system calls may still be made. */
void mf_ring_claim(struct mf_ring *ring);

/*
 * The orderly end: marks the log as exited and gives the part of the ring that was claimed and never used
 * back to the disk. Later writes still reach the log, more slowly.
 */
void mf_ring_finish(struct mf_ring *ring);

/* When the process goes on after mf_ring_finish after all (a failed execve). */
void mf_ring_resume(struct mf_ring *ring);

/*
 * From here on the ring makes no system call, because a filter may kill the process for any: full segments
 * are overwritten, and their records count as lost.
 */
void mf_ring_confine(struct mf_ring *ring);

/* So many records were never written: they count as lost, and leave a gap. */
void mf_ring_miss(struct mf_ring *ring, uint64_t records);

/*
 * Whether records were lost because the spill had reached its limit, and there is room again: true once each
 * time. Then what was defined before may be gone, and nobody knows the map. Does not enter libc.
 */
bool mf_ring_take_gap(struct mf_ring *ring);

/* Whether `descriptor` is open on the ring's log. Does not enter libc. */
bool mf_is_log(const struct mf_ring *ring, int descriptor);

/* In a forked child: closes the inherited descriptor of the parent's log; the mapping stays. */
void mf_ring_abandon(struct mf_ring *ring);

#endif

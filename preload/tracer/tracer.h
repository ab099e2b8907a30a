/*
 * The tracer's one state, and the few words that every part of it uses.
 *
 * Rules of this room: nothing allocates, prints, exits, takes a lock that it could wait for without end, or
 * touches errno. Only what runs in the constructor may enter libc, and says so.
 */
#ifndef MAPFRAY_TRACER_H
#define MAPFRAY_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raw_syscall.h"
#include "trace_format.h"
#include "trace_ring.h"
#include "unwind.h"

enum tracer_state {
	TRACER_OFF = 0,	 /* not started, or could not start: every call goes straight to the kernel */
	TRACER_STARTING, /* a constructor is at work: likewise */
	TRACER_RECORDING,
	TRACER_BEGINNING, /* a forked child begins its log: what shares its memory waits for that */
};

/* What every call needs lies side by side. */
struct tracer {
	int state; /* enum tracer_state, atomic */
	uint32_t process;
	/* A page that fork wipes: 1 in the process that started the tracer, 0 in its child. */
	uint64_t *alive;
	uint64_t salt;	   /* makes keys of an earlier process or an earlier set of modules unequal */
	uint64_t position; /* head after the last call; private memory, so a forked child finds it as of the
			      fork */
	bool flight_recorder;
	bool has_threads;     /* another thread than the first has made a recorded call */
	bool follows;	      /* forked children too */
	bool has_query;	      /* PROCMAP_QUERY works */
	int maps;	      /* descriptor of /proc/self/maps, or -1 */
	size_t depth;	      /* frames kept of a backtrace */
	uint64_t last_anchor; /* head behind the last list, which a flight recorder needs again and again */
	uint64_t ring_size;
	struct mf_ring ring;
	uint64_t spill_limit; /* bytes that may be spilled until `mapfray record` allows more; 0: all */
	char rules[512];      /* what `mapfray record` found out about the kernel, as it goes into the log */
	char output[4096];
	char executable[4096];
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct tracer, ring) == 64, "the ring's first words have a cache line of their own");

extern struct tracer tracer __attribute__((visibility("hidden")));

/* The linker's: this library, from its first byte on. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

/* CLOCK_MONOTONIC in nanoseconds (clock.c). Does not enter libc. */
uint64_t tracer_now(void);
/* In the first thread, at the start: where else the numbers of threads can be read. */
void tracer_learn_from_libc(void);
/* Before a filter is installed: whether the clock needs no system call. */
void tracer_look_at_clock(void);
/* The clock may make no system call: if it would, it counts the times it is asked. */
void tracer_confine_clock(void);
/* The calling thread's number, 0 if it cannot be known. Does not enter libc. */
uint32_t tracer_thread(void);
/* Forgets the cached number of the calling thread (after fork). Does not enter libc. */
void tracer_forget_thread(void);

#endif

/*
 * Calls of several threads that run at the same time: which are there, and those over the same addresses one
 * after the other.
 *
 * The kernel makes one change of the map at a time (mmap_lock), in an order that it tells nobody. Where two
 * calls work on the same pages that order decides the map, and often no answer shows it: munmap against mmap
 * with MAP_FIXED succeed both, either way. So a call waits until those are over that work on its addresses
 * and came before it; then their times tell the order. It does not wait for long: after fifty milliseconds
 * it goes on, and nobody waits for the call that kept it any more (which may fetch pages for long, or stand
 * still for good because a handler jumped out of it).
 */
#ifndef MAPFRAY_TURNS_H
#define MAPFRAY_TURNS_H

#include "call_kind.h"

/* One thread's call, on its stack. */
struct turn {
	uint64_t number;    /* of the calls since there are threads; 0: there are none */
	int place;	    /* in the table of calls that run, -1: none */
	bool overlaps;	    /* another thread's call ran beside it */
	bool was_overtaken; /* by a call over the same addresses that had waited long enough */
};

/* Forgets all calls, after a fork too. Does not enter libc. */
void turns_start(void);
/* Around the kernel's part of a call that is recorded; its times must be taken between the two. Do not enter
 * libc. */
struct turn turn_begin(const struct call *call, enum mf_call_number kind);
void turn_end(struct turn *turn);
/* Once it is written down: until then the end of the process waits for it. Does not enter libc. */
void turn_leave(const struct turn *turn);
/* Around the end of a process and the list that is read then. Calls that run are waited for, and those to
 * come wait: one that the kernel makes while the list is read would be written by nobody, its thread being
 * ended. `overlaps`: some may still run. Does not enter libc. */
struct turn turn_begin_last(void);
/* Of this thread's latest call that has ended: whether others ran beside it, so that their order is in doubt.
 * Does not enter libc. */
bool turn_overlapped(void);
/* Whether no other thread's call has run since that call began. Does not enter libc. */
bool turn_is_alone(void);

#endif

/*
 * What the tracer keeps of each thread. It lies in the thread's own storage, as libc lays that out. A program
 * without libc (Go builds such ones, and ld.so loads the tracer into them) puts its threads' storage where it
 * likes: there a table by the thread's number stands in, and a system call for it.
 */
#ifndef MAPFRAY_THREAD_STATE_H
#define MAPFRAY_THREAD_STATE_H

#include "in_flight.h"
#include "thread_base.h"
#include "turns.h"
#include "visit.h"

struct thread_state {
	struct turn latest; /* the call that ended last */
	struct under_way under_way;
	struct visit visit;
	uint64_t visits;  /* so many were begun */
	uint64_t settled; /* where the piece begins that the latest call made usable; 0: none */
	uint32_t number;  /* of the thread; 0: not asked yet */
	bool is_shared;	  /* by threads for which there is no other place */
};

extern __thread struct thread_state thread_state_in_storage __attribute__((visibility("hidden")));

/* libc's storage begins with its own address, twice (tcbhead_t). */
static inline bool thread_has_storage(void)
{
	const uint64_t *storage = thread_base();
	return storage && storage[2] == (uint64_t)storage;
}

/* In the constructor only: how it is found out where a thread's storage lies. Enters libc (getauxval). */
void thread_state_start(void);

/* Does not enter libc. */
struct thread_state *thread_state_in_table(void);

/* The calling thread's. Does not enter libc. */
static inline struct thread_state *thread_state(void)
{
	return __builtin_expect(thread_has_storage(), 1) ? &thread_state_in_storage : thread_state_in_table();
}

#endif

/*
 * Calls that a signal handler interrupts. Mostly the kernel has made such a call by then, and nothing is
 * written of it yet: it is written before the handler's own calls, and before the process's end if the
 * handler ends it. Where a handler jumps out of a call (longjmp), nobody may be left to write down what came
 * of it: the next call of the thread that has no handler's frame below it finds that out.
 */
#ifndef MAPFRAY_IN_FLIGHT_H
#define MAPFRAY_IN_FLIGHT_H

#include "call_kind.h"

#define IN_FLIGHT_UNANSWERED INT64_MIN /* which the kernel never answers */

/* The latest call that a thread has under way. */
struct under_way {
	uint64_t stack_pointer; /* as the program made it; 0: none is under way */
	struct call call;	/* likewise */
	const struct in_flight *flight;
	uint64_t stack; /* the key of its backtrace */
	uint64_t begin;
	uint64_t interrupted; /* when a handler made its first call since; 0: none has */
	long result;	      /* what the kernel has answered, or IN_FLIGHT_UNANSWERED */
	bool is_claimed;      /* it writes its record itself, */
	bool is_written;      /* or a handler has done so */
	bool hides_unwritten; /* it interrupts one that is not written */
};

/* One call, on its thread's stack. */
struct in_flight {
	bool interrupts;	/* another call of the thread, */
	struct under_way outer; /* which is this */
	bool found_abandoned;	/* another call of the thread never came to its end */
	long answer;		/* where another process took over the storage of the thread */
};

/* Around the kernel's part of a call and the writing of its record: the call as the program made it, and the
 * key of its backtrace. Returns when it begins. No function here enters libc. */
uint64_t in_flight_begin(struct in_flight *flight, const struct call *call, uint64_t stack);
void in_flight_end(const struct in_flight *flight);
/* Where the kernel's answer to the call under way goes. */
long *in_flight_answer(struct in_flight *flight);
/* Whether the call under way is to write its record: no handler has. */
bool in_flight_claim(const struct in_flight *flight);
/* It has. */
void in_flight_written(const struct in_flight *flight);
/* At the process's end, which may come in a handler: writes what is under way. False: something cannot be. */
bool in_flight_finish(void);

#endif

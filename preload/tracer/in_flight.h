/*
 * Calls that a signal handler jumps out of (longjmp): the kernel may have made them, and nobody is left to
 * write down what came of it. The next call of the thread that has no handler's frame below it finds them.
 */
#ifndef MAPFRAY_IN_FLIGHT_H
#define MAPFRAY_IN_FLIGHT_H

#include "call.h"

/* One call, on its thread's stack. */
struct in_flight {
	uint64_t outer;	      /* the stack pointer of the call that a handler's call interrupts, or 0 */
	bool found_abandoned; /* another call of this thread never came to its end */
};

/* Around the kernel's part of a call and the writing of its record. No function enters libc. */
struct in_flight in_flight_begin(const struct call *call);
void in_flight_end(const struct in_flight *flight);

#endif

/*
 * A thread's stay in the tracer, from one call of the program to its end. A handler may interrupt it, and
 * make a visit of its own; and it may jump out of it, so that nobody is left to give back what the visit has
 * taken. What is taken bears the visit's mark: by it the thread knows later what is left over.
 */
#ifndef MAPFRAY_VISIT_H
#define MAPFRAY_VISIT_H

#include <stdbool.h>
#include <stdint.h>

/* The mark of one. */
struct visit {
	uint64_t stack_pointer; /* the program's; 0: outside of any call */
	uint64_t number;	/* of the thread's visits */
	const void *thread;	/* NULL: it cannot be told from others */
};

/* The thread's present one. Does not enter libc. */
struct visit visit_present(void);
/* Begins a visit in which the program has this stack pointer. Returns what visit_end wants. Do not enter
 * libc. */
struct visit visit_begin(uint64_t stack_pointer);
void visit_end(const struct visit *outer);
/* Whether a handler has jumped out of a visit of the same thread. Does not enter libc. */
bool visit_was_left(const struct visit *present, const struct visit *visit);

#endif

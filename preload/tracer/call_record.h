/* Writes a call into the log, with what the kernel says of the VMA that it made. No function here enters
 * libc. */
#ifndef MAPFRAY_CALL_RECORD_H
#define MAPFRAY_CALL_RECORD_H

#include "call_kind.h"

struct in_flight;

/* A call that the kernel has made. */
struct made_call {
	const struct call *call;
	enum mf_call_number kind;
	long result;	/* as the kernel returns it */
	uint64_t stack; /* the key of a backtrace, or 0 */
	uint64_t begin, end;
	/* Where a handler may write it as well: asked right before; false: one has. */
	bool (*claim)(const struct in_flight *);
	const struct in_flight *flight;
};

/* Writes it down. */
void call_write(const struct made_call *made);
/* The same for a call that may stand for several. */
void call_write_parts(const struct made_call *made);
/* Writes down a call of the tracer's own, without a stack and without asking the kernel. */
void call_write_own(const struct call *call, long result, uint64_t begin, uint64_t end);

#endif

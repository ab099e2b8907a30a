/* The one entry point through which every hooked call passes, wherever it was caught. */
#ifndef MAPFRAY_CALL_H
#define MAPFRAY_CALL_H

#include "call_kind.h"

/* Makes the call, records it, and returns what the kernel returned (-errno on failure). A fork has its child
 * written down; an execve ends this log if it succeeds. Does not enter libc. */
long call_make(const struct call *call);
/* Records a fork that somebody else made. Does not enter libc. */
void call_record_fork(long child, uint64_t begin);
/* Records a call that somebody else made: `result` as the kernel returns it. Does not enter libc. */
void call_record(const struct call *call, long result, uint64_t begin, uint64_t end);

#endif

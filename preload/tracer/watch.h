/* Decides, after each call, whether the moment deserves a snapshot: a failure, a threshold of the limit, an
 * anchor. */
#ifndef MAPFRAY_WATCH_H
#define MAPFRAY_WATCH_H

#include "call_kind.h"

/* Begins to watch, with the number of VMAs at the start. Does not enter libc. */
void watch_start(uint64_t map_count);
/* To be called after the call has been recorded. Costs one atomic subtraction, most times. Does not enter
 * libc. */
void watch_call(const struct call *call, enum mf_call_number kind, long result);
/* After a call that others over the same addresses did not wait for any longer: which came first is not sure.
 * Does not enter libc. */
void watch_overtaken(void);
/* After a call that found one of its thread which never came to its end. Does not enter libc. */
void watch_abandoned(void);
/* To be called after a call that worked on any number of VMAs: what it made of them depends on which of them
 * were written, so the kernel is asked about all. Does not enter libc. */
void watch_settle(void);
/* Before a list by which the replay is judged: asks now, if that was put off. Does not enter libc. */
void watch_settle_rest(void);

#endif

/* Address space that is reserved first and made usable from below piece by piece, as malloc does in an arena.
 */
#ifndef MAPFRAY_RESERVED_H
#define MAPFRAY_RESERVED_H

#include "call_kind.h"

/* Forgets all that is reserved: what a forked child inherited merges by other rules. Does not enter libc. */
void reserved_start(void);
/* Before a call that may change the map. Does not enter libc. */
void reserved_begin(const struct call *call, enum mf_call_number kind);
/* After an mmap that succeeded. Does not enter libc. */
void reserved_add(const uint64_t arguments[6], uint64_t result);
/* Whether this call, the thread's latest, made usable what never was and has the reservation on both sides:
 * what became of the map does not depend then on what was written. To be asked once. Does not enter libc. */
bool reserved_settles(const uint64_t arguments[6]);

#endif

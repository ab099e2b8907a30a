/* Address space that is reserved first and made usable from below piece by piece, as malloc does in an arena.
 */
#ifndef MAPFRAY_RESERVED_H
#define MAPFRAY_RESERVED_H

#include "call_kind.h"

/* Forgets all that is reserved: what a forked child inherited merges by other rules. Does not enter libc. */
void reserved_start(void);
enum { RESERVED_SLOTS = 256, RESERVED_BLOCK_BITS = 26 };

/* Whether anything ever was reserved, and by address what is: only for what follows. */
extern bool reserved_is_any __attribute__((visibility("hidden")));
extern uint64_t reserved_slots[RESERVED_SLOTS] __attribute__((visibility("hidden")));
void reserved_look(const struct call *call, enum mf_call_number kind);

/* Whether a call lies where nothing is reserved: nearly all do, and are not to pay for the others. */
static inline bool reserved_is_apart(const uint64_t arguments[6], enum mf_call_number kind)
{
	const uint64_t usual = 1 << MF_CALL_MMAP | 1 << MF_CALL_MUNMAP | 1 << MF_CALL_MPROTECT;
	uint64_t block = arguments[0] >> RESERVED_BLOCK_BITS;
	return usual >> kind & 1 && block == (arguments[0] + arguments[1] + 4095) >> RESERVED_BLOCK_BITS &&
	       !__atomic_load_n(&reserved_slots[block % RESERVED_SLOTS], __ATOMIC_RELAXED);
}

/* Before a call that may change the map. Does not enter libc. */
static inline void reserved_begin(const struct call *call, enum mf_call_number kind)
{
	if (__atomic_load_n(&reserved_is_any, __ATOMIC_ACQUIRE) && !reserved_is_apart(call->arguments, kind))
		reserved_look(call, kind);
}

/* After an mmap with PROT_NONE that succeeded. Does not enter libc. */
void reserved_add(const uint64_t arguments[6], uint64_t result);
/* Whether this call, the thread's latest, made usable what never was and has the reservation on both sides:
 * what became of the map does not depend then on what was written. To be asked once. Does not enter libc. */
bool reserved_settles(const uint64_t arguments[6]);

#endif

/* Memory that grows down by page faults, of which no call tells: [stack], and what MAP_GROWSDOWN maps. */
#ifndef MAPFRAY_GROWTH_H
#define MAPFRAY_GROWTH_H

#include "indirect.h"

/* Only for what follows: below it nothing grows. */
extern uint64_t growth_lowest __attribute__((visibility("hidden")));

/* After observe_start(). `stack` lies in the first thread's stack. Does not enter libc. */
void growth_start(const void *stack);
void growth_look(const struct call *call, enum mf_call_number kind);

/* Before a call that may change the map: tells the log how far what it works on has grown. Does not enter
 * libc. */
static inline void growth_begin(const struct call *call, enum mf_call_number kind)
{
	const uint64_t *arguments = call->arguments;
	if (kind == MF_CALL_MMAP && arguments[3] & 0x100 /* MAP_GROWSDOWN */)
		__atomic_store_n(&growth_lowest, 0, __ATOMIC_RELAXED); /* mremap moves it to wherever */
	if (__builtin_expect(indirect_is_watch(kind) || arguments[0] + arguments[1] >
							    __atomic_load_n(&growth_lowest, __ATOMIC_RELAXED),
			     0))
		growth_look(call, kind);
}

#endif

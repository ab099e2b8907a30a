/*
 * Calls that name what they change behind a pointer: userfaultfd's ioctls and process_madvise. The log holds
 * what the pointer led to. No function here enters libc.
 */
#ifndef MAPFRAY_INDIRECT_H
#define MAPFRAY_INDIRECT_H

#include "call_kind.h"

/* Whether calls of this kind are to be read by indirect_part(). */
bool indirect_is(enum mf_call_number kind);
/* Whether a call of this kind names a range through a pointer. */
static inline bool indirect_is_watch(enum mf_call_number kind)
{
	return kind == MF_CALL_USERFAULTFD_REGISTER || kind == MF_CALL_USERFAULTFD_UNREGISTER;
}
/* The range that such a call is to work on, before it is made; empty if it cannot be read. */
struct mf_range indirect_range(const struct call *call);
/* Part number `index` of a call that returned `result`, as the log has it, and its own result; false behind
 * the last. After the call only: the kernel has found the memory readable. */
bool indirect_part(const struct call *call, enum mf_call_number kind, size_t index, struct call *part,
		   long *result);

#endif

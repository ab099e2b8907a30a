/* The addresses whose VMAs a call may change, as far as its arguments tell. */
#ifndef MAPFRAY_WORK_RANGE_H
#define MAPFRAY_WORK_RANGE_H

#include "call_kind.h"

enum { WORK_RANGES = 2 }; /* mremap: from where and to where */

/* Where a call does not say how much it works on: bytes that hold whatever it may be. */
enum { SEGMENT_MAX = 1 << 30 };

struct work_range {
	uint64_t start;
	uint64_t end; /* equal to `start`: none */
};

static const uint64_t PAGE_START = ~(uint64_t)4095; /* the bits of an address that tell its page */

/* Bytes, rounded up. Does not enter libc. */
static inline uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + ~PAGE_START) & PAGE_START;
}

/* None where the kernel chooses the addresses, or no VMA changes. Does not enter libc. */
void work_ranges_of(const struct call *call, enum mf_call_number kind, struct work_range ranges[WORK_RANGES]);
/* Does not enter libc. */
bool work_ranges_overlap(const struct work_range first[WORK_RANGES],
			 const struct work_range second[WORK_RANGES]);

#endif

/* The flags of the VMAs that execve and ld.so made, told without smaps: that takes five times as long. */
#ifndef MAPFRAY_INITIAL_FLAGS_H
#define MAPFRAY_INITIAL_FLAGS_H

#include "tracer.h"

enum { INITIAL_RANGES_MAX = 320 };

/* What is asked once for a whole list. */
struct initial_flags {
	uint64_t may, accounted, stack, data_of_vdso, vdso, shared, random, wiped;
	size_t count;
	struct mf_range anonymous[INITIAL_RANGES_MAX]; /* addresses that hold anonymous pages, in order */
};

/* False where the flags cannot be told: smaps knows them. At the start alone. Does not enter libc. */
bool initial_flags_begin(struct initial_flags *flags);
/* The flags that smaps would give a VMA, and MF_VMA_HAS_ANON. Does not enter libc. */
uint64_t initial_flags_of(const struct initial_flags *flags, const struct mf_snapshot_vma *vma,
			  const char *name);

#endif

/* Where an object lies that ld.so has loaded. */
#ifndef MAPFRAY_OBJECT_RANGE_H
#define MAPFRAY_OBJECT_RANGE_H

#include <link.h>
#include <stdint.h>

#include "trace_format.h"

/* From the first segment's start to the last one's end, in bytes; does not enter libc. */
static inline struct mf_range object_range(const struct dl_phdr_info *object)
{
	struct mf_range range = {.start = UINT64_MAX};
	for (int i = 0; i < object->dlpi_phnum; i++) {
		uint64_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		uint64_t end = start + object->dlpi_phdr[i].p_memsz;
		if (object->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		range.start = start < range.start ? start : range.start;
		range.end = end > range.end ? end : range.end;
	}
	return range;
}

#endif

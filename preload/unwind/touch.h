/* Static memory is faulted in at start: at the map limit or in a strange context it is simply there. */
#ifndef MF_TOUCH_H
#define MF_TOUCH_H

#include <stddef.h>

/* Writes the zero that is there: for start, before anything is stored. */
static inline void mf_touch(void *memory, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		((volatile char *)memory)[at] = 0;
	((volatile char *)memory)[size - 1] = 0;
}

#endif

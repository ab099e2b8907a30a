/*
 * Stacks for calls from Go code: a goroutine's own has some hundred bytes left where it enters the kernel,
 * and none below that may be written. stub_entry_*.S takes one and gives it back.
 */
#ifndef MAPFRAY_STUB_STACKS_H
#define MAPFRAY_STUB_STACKS_H

#include <stdbool.h>
enum {
	/* As many at most as stub_stacks_free has bits; who finds none waits. So few that the library takes
	 * less than 2 MB: a mapping of that size gets a huge page's alignment, and the program's memory would
	 * lie elsewhere, in the gap before it (mm/huge_memory.c, thp_get_unmapped_area). */
	STUB_STACKS = 16,
	STUB_STACK_SIZE = 16 * 1024,
};

/* Maps the stacks, once, where the library lies; written into the log if that has begun. False: there is no
 * memory. Does not enter libc. */
bool stub_stacks_map(void);

#endif

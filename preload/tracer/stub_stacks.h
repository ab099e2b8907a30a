/*
 * Stacks for calls from Go code: a goroutine's own has some hundred bytes left where it enters the kernel,
 * and none below that may be written. stub_entry_*.S takes one and gives it back.
 */
#ifndef MAPFRAY_STUB_STACKS_H
#define MAPFRAY_STUB_STACKS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/* As many at most as stub_stacks_free has bits; who finds none waits. Less than a huge page in all,
	 * or one would be filled with zeros for the first call. */
	STUB_STACKS = 32,
	STUB_STACK_SIZE = 32 * 1024,
};

/* Maps the stacks, once. False: there is no memory. In the constructor only. Does not enter libc. */
bool stub_stacks_map(void);
/* Where they begin; 0: there are none. */
uint64_t stub_stacks_start(void);

#endif

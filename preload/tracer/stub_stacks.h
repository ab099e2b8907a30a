/*
 * Stacks for calls from Go code: a goroutine's own has some hundred bytes left where it enters the kernel,
 * and none below that may be written. stub_entry_*.S takes one and gives it back.
 */
#ifndef MAPFRAY_STUB_STACKS_H
#define MAPFRAY_STUB_STACKS_H

#include <stdbool.h>

enum {
	STUB_STACKS = 64, /* as many as bits in stub_stacks_free; who finds none waits */
	STUB_STACK_SIZE = 32 * 1024,
};

/* Maps the stacks, once. False: there is no memory. In the constructor only. Does not enter libc. */
bool stub_stacks_map(void);

#endif

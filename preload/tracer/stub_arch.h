/* What a processor's stubs look like; one file of this interface per architecture. No function enters libc. */
#ifndef MAPFRAY_STUB_ARCH_H
#define MAPFRAY_STUB_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STUBS_MAX = 256, STUB_PATCH_MAX = 8 };

/* A place in the program that enters the kernel. */
struct stub {
	uint64_t address;     /* of the first instruction to be replaced */
	uint64_t return_to;   /* behind the system call instruction */
	uint64_t number;      /* of the system call */
};

/* Finds the next stub in [from, end); false at the end. */
bool stub_find(uint64_t from, uint64_t end, struct stub *found);
/* The bytes that redirect `stub` to entry number `index`; their count, or 0 if the entry is out of reach. */
size_t stub_patch(const struct stub *stub, size_t index, uint8_t bytes[STUB_PATCH_MAX]);

#endif

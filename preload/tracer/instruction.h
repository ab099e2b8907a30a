/* The lengths of a processor's instructions; one file of this interface per architecture. */
#ifndef MAPFRAY_INSTRUCTION_H
#define MAPFRAY_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTRUCTION_SIZE_MAX = 15 };

struct instruction {
	size_t size;	 /* bytes; 0: there is no such instruction */
	size_t distance; /* where its four bytes are that tell an operand's distance from it; 0: nowhere */
	bool is_bound;	 /* to its place: a branch */
};

/* The instruction at `at`, of which INSTRUCTION_SIZE_MAX bytes can be read. Does not enter libc. */
struct instruction instruction_at(const uint8_t *at);

#endif

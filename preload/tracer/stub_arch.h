/* What a processor's stubs look like; one file of this interface per architecture. No function enters libc.
 */
#ifndef MAPFRAY_STUB_ARCH_H
#define MAPFRAY_STUB_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STUBS_MAX = 256, STUB_PATCH_MAX = 8, STUB_COPY_MAX = 40, STUB_CODES_MAX = 3 };

#define STUB_NUMBER_UNKNOWN UINT64_MAX

/* A place in the program that enters the kernel. */
struct stub {
	uint64_t address;   /* of the instruction to be replaced, which sets the number; 0: none can be */
	size_t size;	    /* its bytes */
	uint64_t return_to; /* behind the system call instruction */
	uint64_t number;    /* of the system call, or STUB_NUMBER_UNKNOWN: it is computed */
	size_t between;	    /* bytes of instructions between the two, which must still be executed */
};

/* A few bytes to be written somewhere. */
struct stub_code {
	uint64_t address;
	size_t size;
	uint8_t bytes[STUB_COPY_MAX + STUB_PATCH_MAX];
};

/* Bytes near a stub that no program uses: for the long jump where the tracer is out of a short one's reach.
 * Once they are taken, what fills the gaps between functions. */
struct stub_room {
	uint64_t start, end;
	uint64_t code, code_end; /* where gaps may be looked for */
};

/* Finds the next stub in [from, end); false at the end. */
bool stub_find(uint64_t from, uint64_t end, struct stub *found);
/* Whether there is a stub whose system call instruction is at `place`; of code from `from` on. The first
 * bytes from `place` on may be read. */
bool stub_at(uint64_t from, uint64_t place, struct stub *found);
/* What to write, in this order, to redirect `stub` to entry number `index`: the instructions between, at a
 * place in the tracer, a long jump in `room`, which shrinks by it, and the jump in the stub. Returns how many
 * of the three, 0 if it cannot be done. */
size_t stub_patch(const struct stub *stub, size_t index, struct stub_room *room,
		  struct stub_code codes[STUB_CODES_MAX]);

#endif

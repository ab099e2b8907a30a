/* What a processor's stubs look like; one file of this interface per architecture. No function enters libc.
 */
#ifndef MAPFRAY_STUB_ARCH_H
#define MAPFRAY_STUB_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STUBS_MAX = 256, STUB_PATCH_MAX = 8, STUB_COPY_MAX = 40, STUB_CODES_MAX = 3, STUB_CODE_MAX = 80 };

#define STUB_NUMBER_UNKNOWN UINT64_MAX

/* A place in the program that enters the kernel. */
struct stub {
	uint64_t address;   /* of the instruction to be replaced; 0: none can be */
	size_t size;	    /* its bytes, if it sets the number; a jump in its place sets it as well */
	uint64_t return_to; /* behind the system call instruction */
	uint64_t number;    /* of the system call, or STUB_NUMBER_UNKNOWN: it is computed */
	size_t between;	    /* bytes of instructions between the two, which must still be executed */
	bool
	    is_doubtful; /* its bytes may be a constant's: only who knows that code is here may trust in it */
	bool is_gate;	 /* int $0x80, of which nothing else is known: it stays as it is */
};

/* A few bytes to be written somewhere. */
struct stub_code {
	uint64_t address;
	size_t size;
	uint8_t bytes[STUB_CODE_MAX];
};

/* Bytes near a stub that no program uses: for the long jump where the tracer is out of a short one's reach.
 * Once they are taken, what fills the gaps between functions. */
struct stub_room {
	uint64_t start, end;
	uint64_t code, code_end; /* where gaps may be looked for */
};

/* Finds the next stub in [from, end), which is the end of code from `code` on; false at the end. */
bool stub_find(uint64_t code, uint64_t from, uint64_t end, struct stub *found);
/* Whether there is a stub whose system call instruction is at `place`; of code from `code` on. The first
 * bytes from `place` on may be read. */
bool stub_at(uint64_t code, uint64_t place, struct stub *found);
/* What to write, in this order, to redirect `stub` to entry number `index`: the instructions between, at a
 * place in the tracer, a long jump in `room`, which shrinks by it, and the jump in the stub. Returns how many
 * of the three, 0 if it cannot be done. */
size_t stub_patch(const struct stub *stub, size_t index, struct stub_room *room,
		  struct stub_code codes[STUB_CODES_MAX]);

#endif

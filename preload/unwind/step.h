/* From a frame to its caller. Enters libc only for _dl_find_object. */
#ifndef MF_STEP_H
#define MF_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "readable.h"

/* How the walk came to a frame's pc. */
enum mf_origin {
	MF_ORIGIN_CALL,	       /* it is a return address */
	MF_ORIGIN_INTERRUPTED, /* by a signal: it is the instruction itself, not the one after a call */
	MF_ORIGIN_CHAIN,       /* a return address found by the frame pointer, and checked already */
};

/* The frame where the walk is. */
struct mf_frame {
	uint64_t registers[MF_ARCH_REGISTERS];
	struct mf_window stack;
	uint32_t generation; /* of the row cache, when the walk began */
	uint8_t origin;
	bool is_doubtful; /* a frame may have been passed over */
	bool has_guessed; /* a frame pointer led here that nothing describes */
};

enum mf_step {
	MF_STEP_CALLER,	   /* the frame is now the caller's */
	MF_STEP_OUTERMOST, /* there is no caller */
	MF_STEP_LOST,	   /* the caller cannot be found */
	MF_STEP_NO_CODE,   /* nor is this frame's own pc code */
};

void mf_frame_begin(struct mf_frame *frame, const struct mf_registers *from);
enum mf_step mf_frame_step(struct mf_frame *frame);

#endif

/*
 * Room for a jump before a system call instruction whose number is computed: whole instructions that a copy
 * can stand in for. One file of this interface per architecture. No function enters libc.
 */
#ifndef MAPFRAY_STUB_WINDOW_H
#define MAPFRAY_STUB_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "trace_format.h"

/* What is known of a place in code that begins at `code`. */
struct stub_window {
	bool is_instruction; /* and no chance bytes in a longer one */
	uint64_t start;	     /* of the first instruction to be copied; 0: they cannot be */
};

/* The instructions directly before the one at `place`. */
struct stub_window stub_window_before(uint64_t code, uint64_t place);
/* Whether no branch in `code` can be seen to lead into what a jump at `start` overwrites, behind its first
 * byte, and none in `function` leads anywhere in it. */
bool stub_window_is_sound(const struct mf_range *code, const struct mf_range *function, uint64_t start,
			  uint64_t place);

#endif

/* Evaluates a DWARF expression over the registers and the memory of the walk. Never enters libc. */
#ifndef MF_EXPRESSION_H
#define MF_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "readable.h"
#include "reader.h"

/*
 * `expression` is its length and its bytes. If `initial` is not NULL it is pushed first (the CFA, for the
 * expression of a register).
 */
bool mf_expression(const uint8_t *expression, const uint64_t *registers, struct mf_window *window,
		   const uint64_t *initial, uint64_t *value);

#endif

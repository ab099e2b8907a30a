/* Executes the call frame instructions of an FDE up to an address. Never enters libc. */
#ifndef MF_CFA_PROGRAM_H
#define MF_CFA_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "eh_frame.h"

enum mf_rule {
	MF_RULE_SAME, /* also: nothing was said */
	MF_RULE_UNDEFINED,
	MF_RULE_OFFSET,		/* saved at CFA + value */
	MF_RULE_VAL_OFFSET,	/* is CFA + value */
	MF_RULE_REGISTER,	/* is in register `value` */
	MF_RULE_EXPRESSION,	/* saved where the expression at fde->place + value says */
	MF_RULE_VAL_EXPRESSION, /* is what that expression says */
};

/* How to restore every register of the caller (DWARF 5, section 6.4.1). */
struct mf_row {
	bool cfa_is_expression;
	uint8_t cfa_register;
	int32_t cfa_value; /* offset from the register, or the expression's place */
	uint8_t rules[MF_ARCH_REGISTERS];
	int32_t values[MF_ARCH_REGISTERS];
} __attribute__((aligned(8)));

bool mf_row_at(const struct mf_fde *fde, uint64_t address, struct mf_row *row);

#endif

/* Call frame instructions: DWARF 5, section 6.4.2, and the GNU extensions of LSB Core 10.6. */
#include "cfa_program.h"

#include <stddef.h>

#include "words.h"

/* Compilers nest one level deep. */
#define REMEMBERED_MAX 3

enum {
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC,
	CFA_ADVANCE_LOC1,
	CFA_ADVANCE_LOC2,
	CFA_ADVANCE_LOC4,
	CFA_OFFSET_EXTENDED,
	CFA_RESTORE_EXTENDED,
	CFA_UNDEFINED,
	CFA_SAME_VALUE,
	CFA_REGISTER,
	CFA_REMEMBER_STATE,
	CFA_RESTORE_STATE,
	CFA_DEF_CFA,
	CFA_DEF_CFA_REGISTER,
	CFA_DEF_CFA_OFFSET,
	CFA_DEF_CFA_EXPRESSION,
	CFA_EXPRESSION,
	CFA_OFFSET_EXTENDED_SF,
	CFA_DEF_CFA_SF,
	CFA_DEF_CFA_OFFSET_SF,
	CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF,
	CFA_VAL_EXPRESSION,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

struct machine {
	const struct mf_fde *fde;
	struct mf_reader reader;
	uint64_t location;
	struct mf_row *row;
	const struct mf_row *initial; /* NULL while the CIE's own instructions run */
	struct mf_row remembered[REMEMBERED_MAX];
	int depth;
	bool failed;
};

static void set_rule(struct machine *machine, uint64_t number, enum mf_rule rule, int64_t value)
{
	if (value != (int32_t)value)
		machine->failed = true;
	if (number >= MF_ARCH_REGISTERS) /* a vector register: nobody asks for it */
		return;
	machine->row->rules[number] = rule;
	machine->row->values[number] = (int32_t)value;
}

static void restore_rule(struct machine *machine, uint64_t number)
{
	if (!machine->initial)
		machine->failed = true;
	else if (number < MF_ARCH_REGISTERS)
		set_rule(machine, number, machine->initial->rules[number], machine->initial->values[number]);
}

static void set_cfa_register(struct machine *machine, uint64_t number)
{
	if (number >= MF_ARCH_REGISTERS)
		machine->failed = true;
	machine->row->cfa_is_expression = false;
	machine->row->cfa_register = (uint8_t)number;
}

static void set_cfa_offset(struct machine *machine, int64_t offset)
{
	if (offset != (int32_t)offset)
		machine->failed = true;
	machine->row->cfa_value = (int32_t)offset;
}

/* The place of the expression that comes next, which is skipped. */
static int64_t take_expression(struct machine *machine)
{
	int64_t place = machine->reader.at - machine->fde->place;

	mf_skip(&machine->reader, mf_read_uleb(&machine->reader));
	return place;
}

static void remember(struct machine *machine)
{
	if (machine->depth == REMEMBERED_MAX)
		machine->failed = true;
	else
		mf_copy_words(&machine->remembered[machine->depth++], machine->row, sizeof(struct mf_row));
}

static void restore_remembered(struct machine *machine)
{
	if (machine->depth == 0)
		machine->failed = true;
	else
		mf_copy_words(machine->row, &machine->remembered[--machine->depth], sizeof(struct mf_row));
}

static int64_t factored(struct machine *machine, int64_t value)
{
	return value * machine->fde->data_align;
}

static bool execute_location(struct machine *machine, uint8_t code)
{
	struct mf_reader *reader = &machine->reader;

	switch (code) {
	case CFA_NOP:
		return true;
	case CFA_SET_LOC:
		machine->location = mf_read_pointer(reader, machine->fde->pointer_encoding, 0);
		return true;
	case CFA_ADVANCE_LOC1:
	case CFA_ADVANCE_LOC2:
	case CFA_ADVANCE_LOC4:
		machine->location +=
		    mf_read_unsigned(reader, 1u << (code - CFA_ADVANCE_LOC1)) * machine->fde->code_align;
		return true;
	case CFA_REMEMBER_STATE:
		remember(machine);
		return true;
	case CFA_RESTORE_STATE:
		restore_remembered(machine);
		return true;
	case CFA_GNU_ARGS_SIZE:
		mf_read_uleb(reader);
		return true;
	default:
		return false;
	}
}

static bool execute_cfa(struct machine *machine, uint8_t code)
{
	struct mf_reader *reader = &machine->reader;

	switch (code) {
	case CFA_DEF_CFA:
		set_cfa_register(machine, mf_read_uleb(reader));
		set_cfa_offset(machine, (int64_t)mf_read_uleb(reader));
		return true;
	case CFA_DEF_CFA_SF:
		set_cfa_register(machine, mf_read_uleb(reader));
		set_cfa_offset(machine, factored(machine, mf_read_sleb(reader)));
		return true;
	case CFA_DEF_CFA_REGISTER:
		set_cfa_register(machine, mf_read_uleb(reader));
		return true;
	case CFA_DEF_CFA_OFFSET:
		set_cfa_offset(machine, (int64_t)mf_read_uleb(reader));
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		set_cfa_offset(machine, factored(machine, mf_read_sleb(reader)));
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		machine->row->cfa_is_expression = true;
		set_cfa_offset(machine, take_expression(machine));
		return true;
	default:
		return false;
	}
}

static void execute_rule(struct machine *machine, uint8_t code)
{
	struct mf_reader *reader = &machine->reader;
	uint64_t number = mf_read_uleb(reader);

	switch (code) {
	case CFA_OFFSET_EXTENDED:
		return set_rule(machine, number, MF_RULE_OFFSET, factored(machine, mf_read_uleb(reader)));
	case CFA_OFFSET_EXTENDED_SF:
		return set_rule(machine, number, MF_RULE_OFFSET, factored(machine, mf_read_sleb(reader)));
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		return set_rule(machine, number, MF_RULE_OFFSET, -factored(machine, mf_read_uleb(reader)));
	case CFA_VAL_OFFSET:
		return set_rule(machine, number, MF_RULE_VAL_OFFSET, factored(machine, mf_read_uleb(reader)));
	case CFA_VAL_OFFSET_SF:
		return set_rule(machine, number, MF_RULE_VAL_OFFSET, factored(machine, mf_read_sleb(reader)));
	case CFA_RESTORE_EXTENDED:
		return restore_rule(machine, number);
	case CFA_UNDEFINED:
		return set_rule(machine, number, MF_RULE_UNDEFINED, 0);
	case CFA_SAME_VALUE:
		return set_rule(machine, number, MF_RULE_SAME, 0);
	case CFA_REGISTER:
		return set_rule(machine, number, MF_RULE_REGISTER, (int64_t)mf_read_uleb(reader));
	case CFA_EXPRESSION:
		return set_rule(machine, number, MF_RULE_EXPRESSION, take_expression(machine));
	case CFA_VAL_EXPRESSION:
		return set_rule(machine, number, MF_RULE_VAL_EXPRESSION, take_expression(machine));
	default:
		machine->failed = true;
	}
}

static void execute_one(struct machine *machine)
{
	uint8_t code = mf_read_byte(&machine->reader), operand = code & 0x3f;

	switch (code & 0xc0) {
	case CFA_ADVANCE_LOC:
		machine->location += operand * machine->fde->code_align;
		break;
	case CFA_OFFSET:
		set_rule(machine, operand, MF_RULE_OFFSET, factored(machine, mf_read_uleb(&machine->reader)));
		break;
	case CFA_RESTORE:
		restore_rule(machine, operand);
		break;
	default:
		if (!execute_location(machine, code) && !execute_cfa(machine, code))
			execute_rule(machine, code);
	}
}

/* Runs the instructions that hold at the address. */
static bool execute(struct machine *machine, const struct mf_reader *program, uint64_t address)
{
	machine->reader = *program;
	machine->location = machine->fde->start;
	while (machine->reader.at < machine->reader.end && machine->location <= address) {
		execute_one(machine);
		if (machine->failed || machine->reader.failed)
			return false;
	}
	return true;
}

bool mf_row_at(const struct mf_fde *fde, uint64_t address, struct mf_row *row)
{
	struct machine machine;
	struct mf_row initial;

	machine.fde = fde;
	machine.row = row;
	machine.initial = NULL;
	machine.depth = 0;
	machine.failed = false;
	mf_clear_words(row, sizeof(*row));
	row->cfa_register = MF_ARCH_SP;
	if (!execute(&machine, &fde->initial, UINT64_MAX))
		return false;
	mf_copy_words(&initial, row, sizeof(initial));
	machine.initial = &initial;
	return execute(&machine, &fde->program, address);
}

/*
 * Three ways to the caller, cheapest first: a compact row from the cache, the FDE's program, the frame
 * pointer. Whatever the tables or the stack say, the stack pointer has to grow (except out of a frame that
 * may lie on another stack) and every word is read only from pages that were proved readable.
 */
#include "step.h"

#include <stddef.h>

#include "cfa_program.h"
#include "compact_step.h"
#include "eh_frame.h"
#include "expression.h"
#include "modules.h"
#include "undescribed.h"
#include "words.h"

void mf_frame_begin(struct mf_frame *frame, const struct mf_registers *from)
{
	mf_arch_load(frame->registers, from);
	frame->stack = (struct mf_window){0, 0};
	frame->generation = atomic_load(&mf_row_generation);
	frame->origin = MF_ORIGIN_CALL;
	frame->is_doubtful = false;
	frame->has_guessed = false;
}

static bool find_cfa(struct mf_frame *frame, const struct mf_fde *fde, const struct mf_row *row,
		     uint64_t *cfa)
{
	if (row->cfa_is_expression)
		return mf_expression(fde->place + row->cfa_value, frame->registers, &frame->stack, NULL, cfa);
	*cfa = frame->registers[row->cfa_register] + (uint64_t)(int64_t)row->cfa_value;
	return true;
}

/* The value that register `number` has in the caller. */
static bool restore(struct mf_frame *frame, const struct mf_fde *fde, const struct mf_row *row, int number,
		    uint64_t cfa, uint64_t *value)
{
	int64_t operand = row->values[number];
	uint64_t place = cfa;

	switch (row->rules[number]) {
	case MF_RULE_OFFSET:
		return mf_read_word(&frame->stack, cfa + (uint64_t)operand, value);
	case MF_RULE_VAL_OFFSET:
		*value = cfa + (uint64_t)operand;
		return true;
	case MF_RULE_REGISTER:
		*value = operand >= 0 && operand < MF_ARCH_REGISTERS ? frame->registers[operand] : 0;
		return true;
	case MF_RULE_EXPRESSION:
		return mf_expression(fde->place + operand, frame->registers, &frame->stack, &cfa, &place) &&
		       mf_read_word(&frame->stack, place, value);
	case MF_RULE_VAL_EXPRESSION:
		return mf_expression(fde->place + operand, frame->registers, &frame->stack, &cfa, value);
	default:
		*value = number == MF_ARCH_SP ? cfa : frame->registers[number];
		return true;
	}
}

/*
 * Whether the frame may lie on another stack than its caller's: of a signal, or of code that changed to one
 * and finds its CFA by what it kept of the old one (gcc's split stacks, OCaml, Wine). Where a guess led to
 * this frame what it kept may be anything.
 */
static bool may_change_stack(const struct mf_frame *frame, const struct mf_fde *fde, const struct mf_row *row,
			     uint64_t caller)
{
	return fde->signal_frame ||
	       (!frame->has_guessed && (row->cfa_is_expression || row->cfa_register != MF_ARCH_SP) &&
		mf_is_return_address(caller));
}

static enum mf_step step_row(struct mf_frame *frame, const struct mf_fde *fde, const struct mf_row *row)
{
	uint64_t caller[MF_ARCH_REGISTERS], cfa;

	if (row->rules[MF_ARCH_PC] == MF_RULE_UNDEFINED)
		return MF_STEP_OUTERMOST;
	if (row->rules[MF_ARCH_PC] == MF_RULE_SAME || !find_cfa(frame, fde, row, &cfa))
		return MF_STEP_LOST;
	for (int number = 0; number < MF_ARCH_REGISTERS; number++)
		if (!restore(frame, fde, row, number, cfa, &caller[number]))
			return MF_STEP_LOST;
	if (caller[MF_ARCH_SP] <= frame->registers[MF_ARCH_SP] &&
	    !may_change_stack(frame, fde, row, caller[MF_ARCH_PC]))
		return MF_STEP_LOST;
	mf_copy_words(frame->registers, caller, sizeof(caller));
	frame->origin = fde->signal_frame ? MF_ORIGIN_INTERRUPTED : MF_ORIGIN_CALL;
	return caller[MF_ARCH_PC] || fde->signal_frame ? MF_STEP_CALLER : MF_STEP_OUTERMOST;
}

/* Whether the rule of mf_arch_saved[index] fits into its slot; if so it is put there. */
static bool add_slot(struct mf_cached_row *compact, const struct mf_row *row, int index)
{
	uint8_t rule = row->rules[mf_arch_saved[index]];
	int32_t offset = row->values[mf_arch_saved[index]];
	int32_t slot = -offset / MF_ARCH_WORD;

	if (rule == MF_RULE_SAME || rule == MF_RULE_UNDEFINED)
		return true;
	if (rule != MF_RULE_OFFSET || offset % MF_ARCH_WORD || slot < 1 || slot > UINT8_MAX)
		return false;
	compact->slots |= (uint64_t)slot << 8 * index;
	if (slot > compact->deepest)
		compact->deepest = (uint8_t)slot;
	return true;
}

static bool is_plain(const struct mf_fde *fde, const struct mf_row *row)
{
	return !fde->signal_frame && !row->cfa_is_expression && row->rules[MF_ARCH_SP] == MF_RULE_SAME &&
	       row->rules[MF_ARCH_PC] == MF_RULE_OFFSET && row->values[MF_ARCH_PC] == -MF_ARCH_WORD;
}

static bool make_compact(const struct mf_fde *fde, const struct mf_row *row, struct mf_cached_row *compact)
{
	*compact = (struct mf_cached_row){
	    .kind = MF_ROW_COMPACT,
	    .cfa_register = row->cfa_register,
	    .cfa_offset = row->cfa_value,
	    .deepest = 1,
	};
	if (!is_plain(fde, row))
		return false;
	for (int each = 0; each < MF_ARCH_SAVED; each++)
		if (!add_slot(compact, row, each))
			return false;
	return true;
}

static void keep(const struct mf_frame *frame, const struct mf_fde *fde, const struct mf_row *row)
{
	struct mf_cached_row compact;

	if (row->rules[MF_ARCH_PC] == MF_RULE_UNDEFINED)
		compact = (struct mf_cached_row){.kind = MF_ROW_OUTERMOST};
	else if (!make_compact(fde, row, &compact))
		compact = (struct mf_cached_row){.kind = MF_ROW_PROGRAM, .slots = (uint64_t)fde->place};
	mf_row_keep(mf_frame_address(frame), frame->generation, &compact);
}

/* Apart, so that its large locals are not on the stack while _dl_find_object runs. */
__attribute__((noinline)) static enum mf_step step_fde(struct mf_frame *frame, const struct mf_module *module,
						       const uint8_t *place, bool *covered)
{
	uint64_t address = mf_frame_address(frame);
	struct mf_fde fde;
	struct mf_row row;

	*covered = mf_fde_parse(place, module, &fde) && address >= fde.start && address < fde.end;
	if (!*covered)
		return MF_STEP_LOST;
	if (!mf_row_at(&fde, address, &row))
		return MF_STEP_LOST;
	keep(frame, &fde, &row);
	return step_row(frame, &fde, &row);
}

/* The FDE of a kept row: it lay within its module when it was kept, and nothing was forgotten since. */
static enum mf_step step_program(struct mf_frame *frame, uint64_t place)
{
	static const struct mf_module anywhere = {.start = 0, .end = UINT64_MAX};
	bool covered;

	return step_fde(frame, &anywhere, (const uint8_t *)place, &covered);
}

__attribute__((noinline)) static enum mf_step step_uncached(struct mf_frame *frame)
{
	uint64_t address = mf_frame_address(frame);
	struct mf_module module;
	const uint8_t *place = NULL;
	bool known = mf_module_find(address, &module), covered = false;
	enum mf_step step = MF_STEP_LOST;

	if (known)
		place = mf_fde_find(address, &module);
	if (place)
		step = step_fde(frame, &module, place, &covered);
	return covered ? step : mf_step_undescribed(frame, known ? &module : NULL);
}

enum mf_step mf_frame_step(struct mf_frame *frame)
{
	struct mf_cached_row row;
	enum mf_step step;

	if (!mf_row_cached(mf_frame_address(frame), frame->generation, &row))
		return step_uncached(frame);
	switch (row.kind) {
	case MF_ROW_COMPACT:
		step = mf_step_compact(frame, &row);
		return step == MF_STEP_LOST ? step_uncached(frame) : step;
	case MF_ROW_PROGRAM:
		return step_program(frame, row.slots);
	default:
		return MF_STEP_OUTERMOST;
	}
}

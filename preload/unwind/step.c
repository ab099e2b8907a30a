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
#include "words.h"

#define JIT_REACH	    UINT64_C(0x10000000) /* Java reserves 240 MiB for its code */
#define FRAME_POINTER_REACH (1 << 20)		 /* a larger frame without an FDE is taken for garbage */
#define PROLOGUE_REACH	    512 /* bytes before a call in which a function's begin is looked for */
#define LOCALS_MAX	    512 /* words that are looked through for a return address */

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

/* How many bytes of code before an address may be looked at, MF_ARCH_CALL_BYTES at most; 0: none. */
static uint64_t readable_before(uint64_t address)
{
	struct mf_window code = {0, 0};
	uint64_t before = MF_ARCH_CALL_BYTES, in_page = address % MF_PAGE_SIZE;

	if (address <= before)
		return 0;
	/* Code may begin with its page. */
	if (in_page && in_page < before && !mf_readable(&code, address - before, address - in_page))
		before = in_page;
	return mf_readable(&code, address - before, address) ? before : 0;
}

/* Whether the address comes right after a call, in memory that can be read. */
static bool is_return_address(uint64_t address)
{
	return mf_arch_follows_call((const uint8_t *)address, readable_before(address));
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
		is_return_address(caller));
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

/* Likewise after a system call: where a walk begins. */
static bool is_behind_syscall(uint64_t address)
{
	return mf_arch_follows_syscall((const uint8_t *)address, readable_before(address));
}

/*
 * Java's interpreter pushes return addresses that follow no call, and jumps. They are believed if they lie in
 * the same JIT's memory, and the chain goes on above.
 */
static bool is_within_jit(const struct mf_frame *frame, bool in_module, uint64_t pc, uint64_t caller_fp)
{
	uint64_t fp = frame->registers[MF_ARCH_FP];
	struct mf_window code = {0, 0};

	return !in_module && pc - frame->registers[MF_ARCH_PC] + JIT_REACH < 2 * JIT_REACH &&
	       caller_fp > fp && caller_fp - fp < FRAME_POINTER_REACH && caller_fp % MF_ARCH_WORD == 0 &&
	       mf_readable(&code, pc, pc + 1);
}

static bool sets_up_frame(uint64_t pc)
{
	struct mf_window code = {0, 0};
	uint64_t before = pc % MF_PAGE_SIZE + MF_PAGE_SIZE;

	before = before < PROLOGUE_REACH ? before : PROLOGUE_REACH;
	if (!mf_readable(&code, pc - before, pc))
		before = pc % MF_PAGE_SIZE;
	return mf_readable(&code, pc - before, pc) && mf_arch_sets_up_frame((const uint8_t *)pc, before);
}

/* Whether the word may be one that a call pushed: within the same JIT's memory, or in a library, if asked. */
static bool may_be_pushed(uint64_t word, uint64_t pc, bool in_library)
{
	struct mf_module module;

	return (word - pc + JIT_REACH < 2 * JIT_REACH || (in_library && mf_module_find(word, &module))) &&
	       is_return_address(word);
}

/*
 * Whether a return address lies between the stack pointer and `end`. Below the frame pointer that means: it
 * may be that of a function further out, whose callee would be passed over.
 */
static bool has_return_address(struct mf_frame *frame, uint64_t end, bool in_library)
{
	uint64_t at = frame->registers[MF_ARCH_SP], pc = frame->registers[MF_ARCH_PC], word;

	if (end - at > LOCALS_MAX * MF_ARCH_WORD)
		return true;
	for (; at < end && mf_read_word(&frame->stack, at, &word); at += MF_ARCH_WORD)
		if (may_be_pushed(word, pc, in_library))
			return true;
	return false;
}

/* A function that has pushed nothing, as those are that only enter the kernel: the return address lies on top
 * of the stack, and the call before it leads right here. */
static bool step_leaf(struct mf_frame *frame)
{
	uint64_t *registers = frame->registers, pc;

	if (!is_behind_syscall(registers[MF_ARCH_PC]) ||
	    !mf_read_word(&frame->stack, registers[MF_ARCH_SP], &pc))
		return false;
	uint64_t function = mf_arch_called_before((const uint8_t *)pc, readable_before(pc));
	if (!function || registers[MF_ARCH_PC] - function > PROLOGUE_REACH)
		return false;
	registers[MF_ARCH_PC] = pc;
	registers[MF_ARCH_SP] += MF_ARCH_WORD;
	return true;
}

/*
 * Whether the frame pointer may be that of a function further out. An interrupted function may have set up
 * its own not yet, or no longer. Where a JIT's function calls another one nothing of a library is looked for,
 * which takes long: whoever called the JIT from a library was called by it, or is found beyond.
 */
static bool may_pass_over(struct mf_frame *frame, bool in_module, uint64_t caller)
{
	bool is_interrupted = frame->origin == MF_ORIGIN_INTERRUPTED;
	struct mf_module module;

	return has_return_address(frame, frame->registers[MF_ARCH_FP],
				  in_module || is_interrupted || mf_module_find(caller, &module)) &&
	       (is_interrupted || !sets_up_frame(frame->registers[MF_ARCH_PC]));
}

/* The ABI has _start clear the frame pointer, which in older programs has no FDE. Above it lie no return
 * addresses, but what execve put there. A JIT, and assembly, may keep anything there. */
static enum mf_step step_cleared(struct mf_frame *frame, bool in_module)
{
	uint64_t end = frame->registers[MF_ARCH_SP] + LOCALS_MAX * MF_ARCH_WORD;

	return !in_module || has_return_address(frame, end, true) ? MF_STEP_LOST : MF_STEP_OUTERMOST;
}

/*
 * Go calls C on another stack and describes none of it, but leaves the frame pointer of who came to the call.
 * That is believed if it leads to a call in code of the same module that nothing describes either.
 */
__attribute__((noinline)) static bool leads_to_another_stack(const struct mf_frame *frame, uint64_t caller)
{
	struct mf_module here, there;
	uint64_t start, end;

	return frame->origin != MF_ORIGIN_INTERRUPTED && mf_module_find(mf_frame_address(frame), &here) &&
	       mf_module_find(caller - 1, &there) && here.start == there.start &&
	       !mf_unwind_function(caller - 1, &start, &end);
}

static bool is_on_this_stack(const struct mf_frame *frame)
{
	uint64_t sp = frame->registers[MF_ARCH_SP], fp = frame->registers[MF_ARCH_FP];

	return fp >= sp && fp - sp <= FRAME_POINTER_REACH;
}

/*
 * Code without an FDE: a JIT's, or assembly. Only its frame pointer can tell, if it has set one up; what is
 * found there has to look like a saved frame pointer and a return address.
 */
static enum mf_step step_frame_pointer(struct mf_frame *frame, bool in_module)
{
	uint64_t *registers = frame->registers;
	uint64_t fp = registers[MF_ARCH_FP], caller_fp, pc;

	if (fp == 0)
		return step_cleared(frame, in_module);
	if (!(in_module || is_on_this_stack(frame)) || !mf_read_word(&frame->stack, fp, &caller_fp) ||
	    !mf_read_word(&frame->stack, fp + MF_ARCH_WORD, &pc))
		return MF_STEP_LOST;
	if (!is_on_this_stack(frame) && !leads_to_another_stack(frame, pc))
		return MF_STEP_LOST;
	if (may_pass_over(frame, in_module, pc))
		frame->is_doubtful = true;
	if (pc == 0 && caller_fp == 0)
		return MF_STEP_OUTERMOST;
	if (!is_return_address(pc) && !is_within_jit(frame, in_module, pc, caller_fp))
		return in_module && caller_fp == 0 ? MF_STEP_OUTERMOST : MF_STEP_LOST;
	mf_arch_load(registers,
		     &(struct mf_registers){.pc = pc, .sp = fp + 2 * MF_ARCH_WORD, .rbp = caller_fp});
	frame->origin = MF_ORIGIN_CHAIN;
	frame->has_guessed = true;
	return MF_STEP_CALLER;
}

/*
 * Whether no call pushed the return address: it was put at the bottom of a new stack, and nothing lies below.
 * It is the first instruction of a function, the byte before it being in none (makecontext's), or, where
 * nothing is described, one that nothing but a jump to it comes to (Boost's, in PHP too).
 */
__attribute__((noinline)) static bool is_bottom(const struct mf_frame *frame, const struct mf_module *module)
{
	uint64_t pc = frame->registers[MF_ARCH_PC], before;
	const uint8_t *place = mf_fde_find(pc, module);
	struct mf_fde fde;

	if (frame->origin != MF_ORIGIN_CALL)
		return false;
	if (place && mf_fde_parse(place, module, &fde) && pc >= fde.start && pc < fde.end)
		return fde.start == pc;
	before = readable_before(pc);
	return !frame->has_guessed && mf_arch_follows_jump((const uint8_t *)pc, before) &&
	       !mf_arch_follows_call((const uint8_t *)pc, before);
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
	if (covered)
		return step;
	if (known && is_bottom(frame, &module))
		return MF_STEP_OUTERMOST;
	if (frame->origin == MF_ORIGIN_CALL && step_leaf(frame))
		return MF_STEP_CALLER;
	if (frame->origin == MF_ORIGIN_CALL && !is_return_address(frame->registers[MF_ARCH_PC]) &&
	    !is_behind_syscall(frame->registers[MF_ARCH_PC]))
		return MF_STEP_NO_CODE;
	return step_frame_pointer(frame, known);
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

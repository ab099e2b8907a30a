/*
 * By the frame pointer, where one is set up, and by what a call leaves: both are judged by the code that they
 * lead to. Where a caller may have been passed over the frame is marked as doubtful.
 */
#include "undescribed.h"

#include <stddef.h>

#include "compact_step.h"
#include "eh_frame.h"
#include "generated.h"
#include "modules.h"

#define JIT_REACH	    UINT64_C(0x10000000) /* Java reserves 240 MiB for its code */
#define FRAME_POINTER_REACH (1 << 20)		 /* a larger frame without an FDE is taken for garbage */
#define PROLOGUE_REACH	    512 /* bytes before a call in which a function's begin is looked for */
#define LOCALS_MAX	    512 /* words that are looked through for a return address */

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
bool mf_is_return_address(uint64_t address)
{
	return mf_arch_follows_call((const uint8_t *)address, readable_before(address));
}

/* Likewise after a system call: where a walk begins. */
static bool is_behind_syscall(uint64_t address)
{
	return mf_arch_follows_syscall((const uint8_t *)address, readable_before(address));
}

/*
 * Whether an address may be in the code of the JIT whose code is at `pc`. Without knowing where its code lies
 * what is near is taken for it; else other memory is not looked at, which another thread may be unmapping.
 */
static bool may_be_same_jit(uint64_t address, uint64_t pc)
{
	return address - pc + JIT_REACH < 2 * JIT_REACH &&
	       (mf_generated_may_hold(address) || !mf_generated_may_hold(pc));
}

/*
 * Java's interpreter pushes return addresses that follow no call, and jumps. They are believed if they lie in
 * the same JIT's memory, and the chain goes on above.
 */
static bool is_within_jit(const struct mf_frame *frame, bool in_module, uint64_t pc, uint64_t caller_fp)
{
	uint64_t fp = frame->registers[MF_ARCH_FP];
	struct mf_window code = {0, 0};

	return !in_module && may_be_same_jit(pc, frame->registers[MF_ARCH_PC]) && caller_fp > fp &&
	       caller_fp - fp < FRAME_POINTER_REACH && caller_fp % MF_ARCH_WORD == 0 &&
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

/* What return addresses are looked for. */
struct callers {
	bool in_jit, in_library;
};

/* Whether the word may be one that a call pushed. Near a library lies what its program maps, and another
 * thread may be unmapping: there only what is known as code is looked at. */
static bool may_be_pushed(uint64_t word, uint64_t pc, struct callers callers)
{
	struct mf_module module;

	return ((callers.in_jit && may_be_same_jit(word, pc)) ||
		(callers.in_library && mf_module_find(word, &module))) &&
	       mf_is_return_address(word);
}

/*
 * Whether a return address lies between the stack pointer and `end`. Below the frame pointer that means: it
 * may be that of a function further out, whose callee would be passed over.
 */
static bool has_return_address(struct mf_frame *frame, uint64_t end, struct callers callers)
{
	uint64_t at = frame->registers[MF_ARCH_SP], pc = frame->registers[MF_ARCH_PC], word;

	if (end - at > LOCALS_MAX * MF_ARCH_WORD)
		return true;
	for (; at < end && mf_read_word(&frame->stack, at, &word); at += MF_ARCH_WORD)
		if (may_be_pushed(word, pc, callers))
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

	struct callers callers = {.in_jit = !in_module,
				  .in_library =
				      in_module || is_interrupted || mf_module_find(caller, &module)};

	return has_return_address(frame, frame->registers[MF_ARCH_FP], callers) &&
	       (is_interrupted || !sets_up_frame(frame->registers[MF_ARCH_PC]));
}

/* The ABI has _start clear the frame pointer, which in older programs has no FDE. Above it lie no return
 * addresses, but what execve put there. A JIT, and assembly, may keep anything there. */
static enum mf_step step_cleared(struct mf_frame *frame, bool in_module)
{
	uint64_t end = frame->registers[MF_ARCH_SP] + LOCALS_MAX * MF_ARCH_WORD;

	return !in_module || has_return_address(frame, end, (struct callers){.in_library = true})
		   ? MF_STEP_LOST
		   : MF_STEP_OUTERMOST;
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
	if (!mf_is_return_address(pc) && !is_within_jit(frame, in_module, pc, caller_fp))
		return in_module && caller_fp == 0 ? MF_STEP_OUTERMOST : MF_STEP_LOST;
	mf_arch_load(registers,
		     &(struct mf_registers){.pc = pc, .sp = fp + 2 * MF_ARCH_WORD, .rbp = caller_fp});
	frame->origin = MF_ORIGIN_CHAIN;
	frame->has_guessed = true;
	return MF_STEP_CALLER;
}

/* A function pointer was called that is NULL: the return address was pushed, and nothing happened since. */
static enum mf_step step_null_call(struct mf_frame *frame)
{
	uint64_t caller;

	if (!mf_read_word(&frame->stack, frame->registers[MF_ARCH_SP], &caller) ||
	    !mf_is_return_address(caller))
		return MF_STEP_LOST;
	frame->registers[MF_ARCH_PC] = caller;
	frame->registers[MF_ARCH_SP] += MF_ARCH_WORD;
	frame->origin = MF_ORIGIN_CALL;
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

enum mf_step mf_step_undescribed(struct mf_frame *frame, const struct mf_module *module)
{
	uint64_t pc = frame->registers[MF_ARCH_PC];

	if (frame->origin == MF_ORIGIN_INTERRUPTED && pc < MF_PAGE_SIZE)
		return step_null_call(frame);
	if (module && is_bottom(frame, module))
		return MF_STEP_OUTERMOST;
	if (frame->origin == MF_ORIGIN_CALL && step_leaf(frame))
		return MF_STEP_CALLER;
	if (frame->origin == MF_ORIGIN_CALL && !mf_is_return_address(pc) && !is_behind_syscall(pc))
		return MF_STEP_NO_CODE;
	return step_frame_pointer(frame, module != NULL);
}

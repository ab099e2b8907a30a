/* The walk, and the room's public functions. */
#include "unwind.h"

#include "arch.h"
#include "compact_step.h"
#include "eh_frame.h"
#include "memo.h"
#include "modules.h"
#include "readable.h"
#include "row_cache.h"

void mf_unwind_start(void)
{
	mf_arch_start();
	mf_modules_start();
}

bool mf_unwind_is_on_valgrind(void)
{
	return mf_arch_is_on_valgrind();
}

bool mf_unwind_step(struct mf_registers *registers)
{
	struct mf_frame frame;
	bool stepped;

	mf_frame_begin(&frame, registers);
	stepped = mf_frame_step_fast(&frame) == MF_STEP_CALLER;
	if (stepped)
		mf_arch_store(frame.registers, registers);
	else
		registers->pc = 0;
	return stepped;
}

static uint64_t recorded_address(const struct mf_frame *frame)
{
	uint64_t pc = frame->registers[MF_ARCH_PC];

	return __builtin_expect(frame->origin == MF_ORIGIN_INTERRUPTED, 0) ? pc | MF_UNWIND_INTERRUPTED : pc;
}

static size_t finish(const struct mf_frame *frame, enum mf_step step, size_t count, bool *cut)
{
	*cut = step != MF_STEP_OUTERMOST || frame->is_doubtful;
	return step == MF_STEP_NO_CODE && count > 1 ? count - 1 : count;
}

size_t mf_unwind(const struct mf_registers *from, uint64_t *addresses, size_t capacity, bool *cut)
{
	struct mf_frame frame;
	enum mf_step step = from->pc ? MF_STEP_CALLER : MF_STEP_LOST;
	size_t count = 0;

	mf_frame_begin(&frame, from);
	while (step == MF_STEP_CALLER && count < capacity) {
		addresses[count++] = recorded_address(&frame);
		step = mf_frame_step_fast(&frame);
	}
	return finish(&frame, step, count, cut);
}

size_t mf_unwind_noting(const struct mf_registers *from, uint64_t *addresses, size_t capacity, bool *cut,
			struct mf_trail *trail)
{
	struct mf_frame frame;
	enum mf_step step = from->pc ? MF_STEP_CALLER : MF_STEP_LOST;
	size_t count = 0;

	mf_frame_begin(&frame, from);
	mf_trail_begin(trail, &frame);
	while (step == MF_STEP_CALLER && count < capacity) {
		addresses[count++] = recorded_address(&frame);
		step = mf_frame_step_noting(&frame, trail);
	}
	trail->failed |= step == MF_STEP_LOST || step == MF_STEP_NO_CODE || frame.is_doubtful;
	return finish(&frame, step, count, cut);
}

bool mf_unwind_function(uint64_t address, uint64_t *start, uint64_t *end)
{
	struct mf_module module;
	struct mf_fde fde;
	const uint8_t *place = mf_module_find(address, &module) ? mf_fde_find(address, &module) : NULL;

	if (!place || !mf_fde_parse(place, &module, &fde) || address < fde.start || address >= fde.end)
		return false;
	*start = fde.start;
	*end = fde.end;
	return true;
}

void mf_unwind_forget(uint64_t start, uint64_t end)
{
	mf_modules_forget(start, end);
	mf_readable_forget(start, end);
	mf_row_forget(start, end);
}

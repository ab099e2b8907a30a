/* The step that nearly all frames take, inline: by a compact row from the cache. Never enters libc. */
#ifndef MF_COMPACT_STEP_H
#define MF_COMPACT_STEP_H

#include "row_cache.h"
#include "step.h"

/* The address that the tables are asked for: a call may be the last instruction of its function. */
static inline uint64_t mf_frame_address(const struct mf_frame *frame)
{
	return frame->registers[MF_ARCH_PC] - (frame->origin != MF_ORIGIN_INTERRUPTED);
}

static inline uint64_t mf_compact_cfa(const struct mf_frame *frame, const struct mf_cached_row *row)
{
	uint64_t base = frame->registers[MF_ARCH_SP];

	if (__builtin_expect(row->cfa_register != MF_ARCH_SP, 0)) {
		/* Really a branch: a predicted one lets the next frame begin before this row is there. */
		__asm__ volatile("");
		base = frame->registers[row->cfa_register];
	}
	return base + (uint64_t)(int64_t)row->cfa_offset;
}

/* Lost, and the frame as it was, also where only all of the row tells whether the stack was changed. */
MF_READS_PROGRAM static inline enum mf_step mf_step_compact(struct mf_frame *frame,
							    const struct mf_cached_row *row)
{
	uint64_t *registers = frame->registers;
	uint64_t cfa = mf_compact_cfa(frame, row);

	if (cfa <= registers[MF_ARCH_SP] || cfa % MF_ARCH_WORD ||
	    !mf_readable(&frame->stack, cfa - (uint64_t)MF_ARCH_WORD * row->deepest, cfa))
		return MF_STEP_LOST;
#pragma GCC unroll 8
	for (int each = 0; each < MF_ARCH_SAVED; each++) {
		uint64_t slot = row->slots >> 8 * each & 0xff;

		if (slot)
			registers[mf_arch_saved[each]] = *(const mf_word *)(cfa - MF_ARCH_WORD * slot);
	}
	registers[MF_ARCH_PC] = *(const mf_word *)(cfa - MF_ARCH_WORD);
	registers[MF_ARCH_SP] = cfa;
	frame->origin = MF_ORIGIN_CALL;
	return registers[MF_ARCH_PC] ? MF_STEP_CALLER : MF_STEP_OUTERMOST;
}

/* mf_frame_step(), without a call for the usual frame. */
static inline enum mf_step mf_frame_step_fast(struct mf_frame *frame)
{
	struct mf_cached_row row;
	enum mf_step step;

	if (mf_row_cached(mf_frame_address(frame), frame->generation, &row) && row.kind == MF_ROW_COMPACT) {
		step = mf_step_compact(frame, &row);
		if (__builtin_expect(step != MF_STEP_LOST, 1))
			return step;
	}
	return mf_frame_step(frame);
}

#endif

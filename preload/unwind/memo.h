/* The trail of a walk, as it is left step by step. Never enters libc. */
#ifndef MF_MEMO_H
#define MF_MEMO_H

#include "compact_step.h"

static inline void mf_trail_begin(struct mf_trail *trail, const struct mf_frame *frame)
{
	trail->count = 0;
	trail->fp_place = 0;
	trail->generation = frame->generation;
	trail->needs_fp = false;
	trail->failed = false;
}

static inline void mf_trail_add_word(struct mf_trail *trail, uint64_t place, uint64_t value)
{
	trail->failed |= trail->count == MF_TRAIL_MAX;
	if (trail->failed)
		return;
	trail->words[trail->count].place = place;
	trail->words[trail->count++].value = value;
}

/* The walk has gone to `frame` by `row`, from a frame whose frame pointer was `fp`. */
static inline void mf_trail_add(struct mf_trail *trail, const struct mf_frame *frame,
				const struct mf_cached_row *row, uint64_t fp)
{
	uint64_t cfa = frame->registers[MF_ARCH_SP], slot = row->slots >> 8 * MF_ARCH_SAVED_FP & 0xff;

	if (row->cfa_register == MF_ARCH_FP && trail->fp_place)
		mf_trail_add_word(trail, trail->fp_place, fp);
	else if (row->cfa_register == MF_ARCH_FP)
		trail->needs_fp = true;
	else if (row->cfa_register != MF_ARCH_SP)
		trail->failed = true;
	mf_trail_add_word(trail, cfa - MF_ARCH_WORD, frame->registers[MF_ARCH_PC]);
	if (slot)
		trail->fp_place = cfa - MF_ARCH_WORD * slot;
}

/* mf_frame_step_fast(), with a trail. */
static inline enum mf_step mf_frame_step_noting(struct mf_frame *frame, struct mf_trail *trail)
{
	uint64_t fp = frame->registers[MF_ARCH_FP];
	struct mf_cached_row row;
	enum mf_step step;

	if (!mf_row_cached(mf_frame_address(frame), frame->generation, &row) || row.kind == MF_ROW_PROGRAM) {
		trail->failed = true;
		return mf_frame_step(frame);
	}
	if (row.kind == MF_ROW_OUTERMOST)
		return MF_STEP_OUTERMOST;
	step = mf_step_compact(frame, &row);
	if (step == MF_STEP_LOST) {
		trail->failed = true;
		return mf_frame_step(frame);
	}
	mf_trail_add(trail, frame, &row, fp);
	return step;
}

#endif

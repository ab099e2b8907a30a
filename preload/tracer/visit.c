#define _GNU_SOURCE
#include "visit.h"

#include <stddef.h>

#include "stack_order.h"
#include "thread_state.h"

struct visit visit_present(void)
{
	return thread_state()->visit;
}

struct visit visit_begin(uint64_t stack_pointer)
{
	struct thread_state *state = thread_state();
	struct visit outer = state->visit;
	state->visit = (struct visit){.stack_pointer = stack_pointer,
				      .number = ++state->visits,
				      .thread = state->is_shared ? NULL : state};
	return outer;
}

void visit_end(const struct visit *outer)
{
	thread_state()->visit = *outer;
}

bool visit_was_left(const struct visit *present, const struct visit *visit)
{
	return visit->thread && visit->thread == present->thread && visit->number != present->number &&
	       stack_has_left(present->stack_pointer, visit->stack_pointer);
}

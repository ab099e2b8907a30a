#include "scratch.h"

#include <stdbool.h>

#include <sched.h>
#include <sys/syscall.h>

#include "raw_syscall.h"
#include "table.h"
#include "visit.h"

enum { COUNT = 32, TRIES = 100 };

MF_TABLE(struct scratch, scratch_buffers, COUNT)
static uint32_t taken;		   /* bit n: buffer n */
static struct visit takers[COUNT]; /* a handler may have jumped out of them */

static struct scratch *try_to_take(void)
{
	uint32_t now = __atomic_load_n(&taken, __ATOMIC_RELAXED);
	while (~now) {
		int free_one = __builtin_ctz(~now);
		if (__atomic_compare_exchange_n(&taken, &now, now | 1u << free_one, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return &scratch_buffers()[free_one];
	}
	return NULL;
}

static int index_of(const struct scratch *scratch)
{
	return (int)(scratch - scratch_buffers());
}

static struct scratch *take_for(const struct visit *visit)
{
	struct scratch *scratch = try_to_take();
	if (scratch)
		takers[index_of(scratch)] = *visit;
	return scratch;
}

static void give_what_was_left(const struct visit *present)
{
	for (int i = 0; i < COUNT; i++)
		if (visit_was_left(present, &takers[i]))
			scratch_give(&scratch_buffers()[i]);
}

struct scratch *scratch_take(void)
{
	struct visit visit = visit_present();
	/* A holder may be a handler's own interrupted thread, so the wait is short and bounded. */
	for (int tries = 0; tries < TRIES; tries++) {
		struct scratch *scratch = take_for(&visit);
		if (scratch)
			return scratch;
		if (!tries)
			give_what_was_left(&visit);
		else
			raw_syscall0(SYS_sched_yield);
	}
	return NULL;
}

void scratch_give(struct scratch *scratch)
{
	int index = index_of(scratch);
	takers[index].thread = NULL;
	__atomic_fetch_and(&taken, ~(1u << index), __ATOMIC_RELEASE);
}

void scratch_start_in_child(void)
{
	taken = 0;
	for (int i = 0; i < COUNT; i++)
		takers[i].thread = NULL;
}

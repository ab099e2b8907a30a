/* A few ranges that only grow; a JIT's lie side by side. Any thread adds, any thread looks. */
#include "generated.h"

#include <stdatomic.h>

#include "unwind.h"

#define RANGES_MAX 64

/* Empty while `end` is 0. */
struct range {
	_Atomic uint64_t start, end;
};

static struct range ranges[RANGES_MAX];
static _Atomic uint32_t range_count; /* more than RANGES_MAX: not all are kept */

static uint32_t kept_count(void)
{
	uint32_t count = atomic_load(&range_count);

	return count < RANGES_MAX ? count : RANGES_MAX;
}

static void lower(_Atomic uint64_t *place, uint64_t value)
{
	uint64_t old = atomic_load(place);

	while (value < old && !atomic_compare_exchange_weak(place, &old, value))
		;
}

static void raise_to(_Atomic uint64_t *place, uint64_t value)
{
	uint64_t old = atomic_load(place);

	while (value > old && !atomic_compare_exchange_weak(place, &old, value))
		;
}

/* Adds what overlaps a range, or lies side by side with it, to that one. */
static bool extend(struct range *range, uint64_t start, uint64_t end)
{
	uint64_t range_end = atomic_load(&range->end);

	if (range_end == 0 || start > range_end || end < atomic_load(&range->start))
		return false;
	lower(&range->start, start);
	raise_to(&range->end, end);
	return true;
}

void mf_unwind_note_code(uint64_t start, uint64_t end)
{
	uint32_t count = kept_count();

	for (uint32_t each = 0; each < count; each++)
		if (extend(&ranges[each], start, end))
			return;
	if (atomic_load(&range_count) > RANGES_MAX)
		return;
	count = atomic_fetch_add(&range_count, 1);
	if (count >= RANGES_MAX)
		return;
	atomic_store(&ranges[count].start, start);
	atomic_store(&ranges[count].end, end);
}

bool mf_generated_may_hold(uint64_t address)
{
	uint32_t count = kept_count();

	for (uint32_t each = 0; each < count; each++)
		if (address < atomic_load(&ranges[each].end) && address >= atomic_load(&ranges[each].start))
			return true;
	return atomic_load(&range_count) > RANGES_MAX;
}

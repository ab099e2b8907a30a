#include "sandbox.h"

#include <stddef.h>

#include "own_calls.h"

_Static_assert(offsetof(struct mf_sandbox, is_confined) == 8, "IS_CONFINED of stub_entry_*.S");
struct mf_sandbox mf_sandbox = {.permitted = ~0ULL};
long (*mf_sandbox_elsewhere)(long, long, long, long, long, long, long);

static bool is_call(const struct mf_known_call *own, long number, const uint64_t arguments[6])
{
	if (own->number != (uint64_t)number)
		return false;
	for (int i = 0; i < 6; i++)
		if (own->known >> i & 1 && own->arguments[i] != arguments[i])
			return false;
	return true;
}

static bool is_permitted(size_t index)
{
	return __atomic_load_n(&mf_sandbox.permitted, __ATOMIC_ACQUIRE) >> index & 1;
}

bool mf_sandbox_permits(long number, const uint64_t arguments[6])
{
	for (size_t i = 0; i < mf_own_call_count(); i++)
		if (is_call(mf_own_call(i), number, arguments))
			return is_permitted(i);
	return false;
}

bool mf_sandbox_permits_all(long number)
{
	bool all = true;

	for (size_t i = 0; i < mf_own_call_count(); i++)
		all &= mf_own_call(i)->number != (uint64_t)number || is_permitted(i);
	return all;
}

uint64_t mf_sandbox_judge(const struct sock_filter *steps, uint32_t count)
{
	uint64_t allowed = 0;

	for (size_t i = 0; i < mf_own_call_count(); i++)
		if (mf_filter_allows(steps, count, mf_own_call(i)))
			allowed |= 1ULL << i;
	return allowed;
}

struct mf_sandbox mf_sandbox_enter(uint64_t permitted)
{
	struct mf_sandbox earlier = {.is_confined =
					 __atomic_load_n(&mf_sandbox.is_confined, __ATOMIC_RELAXED)};

	earlier.permitted = __atomic_fetch_and(&mf_sandbox.permitted, permitted, __ATOMIC_SEQ_CST);
	__atomic_store_n(&mf_sandbox.is_confined, 1, __ATOMIC_SEQ_CST);
	return earlier;
}

void mf_sandbox_leave(struct mf_sandbox earlier)
{
	__atomic_store_n(&mf_sandbox.permitted, earlier.permitted, __ATOMIC_SEQ_CST);
	__atomic_store_n(&mf_sandbox.is_confined, earlier.is_confined, __ATOMIC_SEQ_CST);
}

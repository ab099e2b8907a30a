#define _GNU_SOURCE
#include "section.h"

#include <signal.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

static void set_mask(uint64_t mask)
{
	raw_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

bool section_enter(struct section *section)
{
	uint64_t all = ~0ULL, mask = 0;
	int open = 0;
	bool is_blocked =
	    raw_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all) == 0;
	if (__atomic_compare_exchange_n(&section->is_shut, &open, 1, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED)) {
		section->mask = mask;
		section->is_blocked = is_blocked;
		return true;
	}
	if (is_blocked)
		set_mask(mask);
	return false;
}

void section_leave(struct section *section)
{
	uint64_t mask = section->mask;
	bool is_blocked = section->is_blocked;
	__atomic_store_n(&section->is_shut, 0, __ATOMIC_RELEASE);
	if (is_blocked)
		set_mask(mask);
}

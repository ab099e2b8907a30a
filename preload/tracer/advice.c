#define _GNU_SOURCE
#include "advice.h"

#include "kernel_abi.h"

/* Linux 6.18, mm/madvise.c: madvise_vma_behavior(). */
enum advice_effect advice_effect(uint64_t advice)
{
	switch ((int)advice) {
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_COLLAPSE:
	case MADV_GUARD_REMOVE:
		return ADVICE_LEAVES_VMAS;
	case MADV_POPULATE_WRITE:
	case MADV_GUARD_INSTALL:
		return ADVICE_WRITES;
	default:
		return ADVICE_SETS_FLAGS;
	}
}

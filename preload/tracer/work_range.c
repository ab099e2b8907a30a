#define _GNU_SOURCE
#include "work_range.h"

#include "advice.h"
#include "kernel_abi.h"

static const struct work_range none, everything = {0, UINT64_MAX};

/* Whole pages; to the end of the address space at most. */
static struct work_range range(uint64_t start, uint64_t length)
{
	uint64_t first = start & PAGE_START, end;
	if (__builtin_add_overflow(start, length, &end) || end > PAGE_START)
		end = PAGE_START;
	return (struct work_range){first, length ? whole_pages(end) : first};
}

static struct work_range of_mmap(const uint64_t *arguments)
{
	return arguments[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? range(arguments[0], arguments[1]) : none;
}

static struct work_range of_others(const uint64_t *arguments, enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_MLOCKALL:
	case MF_CALL_MUNLOCKALL:
	case MF_CALL_USERFAULTFD_REGISTER:
	case MF_CALL_USERFAULTFD_UNREGISTER:
	case MF_CALL_USERFAULTFD_CLOSE:
		return everything;
	case MF_CALL_BRK: /* where the heap is stands elsewhere: one after the other at least */
		return range(0, 1);
	case MF_CALL_SHMAT:
		return arguments[1] ? range(arguments[1], SEGMENT_MAX) : none;
	case MF_CALL_SHMDT:
		return range(arguments[0], SEGMENT_MAX);
	case MF_CALL_IO_SETUP:
	case MF_CALL_MAP_SHADOW_STACK:
	case MF_CALL_PROCESS_MADVISE:
	case MF_CALL_PERSONALITY:
		return none;
	default:
		return range(arguments[0], arguments[1]);
	}
}

static struct work_range first_of(const uint64_t *arguments, enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_MMAP:
		return of_mmap(arguments);
	case MF_CALL_MREMAP: /* it may grow where it is */
		return range(arguments[0], arguments[1] > arguments[2] ? arguments[1] : arguments[2]);
	case MF_CALL_MADVISE:
		return advice_effect(arguments[2]) == ADVICE_LEAVES_VMAS ? none
									 : range(arguments[0], arguments[1]);
	case MF_CALL_PRCTL:
		return arguments[0] == PR_SET_VMA ? range(arguments[2], arguments[3]) : none;
	default:
		return of_others(arguments, kind);
	}
}

void work_ranges_of(const struct call *call, enum mf_call_number kind, struct work_range ranges[WORK_RANGES])
{
	const uint64_t *arguments = call->arguments;
	bool moves = kind == MF_CALL_MREMAP && arguments[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	ranges[0] = first_of(arguments, kind);
	ranges[1] = moves ? range(arguments[4], arguments[2]) : none;
}

static bool overlap(struct work_range first, struct work_range second)
{
	return first.start < second.end && second.start < first.end && first.start < first.end &&
	       second.start < second.end;
}

bool work_ranges_overlap(const struct work_range first[WORK_RANGES],
			 const struct work_range second[WORK_RANGES])
{
	for (int i = 0; i < WORK_RANGES; i++)
		for (int j = 0; j < WORK_RANGES; j++)
			if (overlap(first[i], second[j]))
				return true;
	return false;
}

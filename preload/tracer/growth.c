/*
 * Which of the VMAs that are found the ones are that grow, the kernel tells only where it lists them all: the
 * log takes down each private one, and the replay knows. So that nobody pays for this who has no such memory
 * at a place of his own, only what comes to lie about [stack] is looked at before the first MAP_GROWSDOWN.
 */
#define _GNU_SOURCE
#include "growth.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include "observe.h"
#include "work_range.h"

enum {
	ROOM = 128 << 20, /* bytes that the kernel keeps free below the stack (mmap_base), or more */
	IN_A_RECORD = 16,
	MOST = 256, /* VMAs that are looked at before one call */
};

uint64_t growth_lowest = UINT64_MAX;

static uint64_t room_of_stack(void)
{
	struct rlimit limit;
	if (raw_syscall4(SYS_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur < ROOM)
		return ROOM;
	return limit.rlim_cur;
}

void growth_start(const void *stack)
{
	struct mf_observation found;
	uint64_t room = room_of_stack();
	growth_lowest = UINT64_MAX;
	if (observe_range((uint64_t)stack, &found) && found.start > room)
		growth_lowest = found.start - room;
}

static void write_record(struct mf_growth *record, size_t count)
{
	if (!count)
		return;
	size_t size = sizeof *record + count * sizeof record->ranges[0];
	record->record = (struct mf_record){.kind = MF_GROWTH, .size = (uint16_t)size};
	record->time = tracer_now();
	mf_ring_write(&tracer.ring, &record->record);
}

/* From what lies at the range's start to what touches its end. Not all there is: a list follows such calls.
 */
static void look(struct work_range range)
{
	if (range.start == range.end || range.end == UINT64_MAX)
		return;
	uint64_t words[(sizeof(struct mf_growth) + IN_A_RECORD * sizeof(struct mf_range)) / 8];
	struct mf_growth *record = (struct mf_growth *)words;
	struct mf_observation found;
	size_t count = 0;
	for (int i = 0; i < MOST && observe_range(range.start, &found) && found.start <= range.end; i++) {
		if (!(found.rights & MF_VMA_SHARED))
			record->ranges[count++] = (struct mf_range){found.start, found.end};
		if (count == IN_A_RECORD) {
			write_record(record, count);
			count = 0;
		}
		range.start = found.end;
	}
	write_record(record, count);
}

void growth_look(const struct call *call, enum mf_call_number kind)
{
	struct work_range ranges[WORK_RANGES];
	if (indirect_is_watch(kind)) {
		struct mf_range range = indirect_range(call);
		return look((struct work_range){range.start, range.end});
	}
	work_ranges_of(call, kind, ranges);
	for (int i = 0; i < WORK_RANGES; i++)
		look(ranges[i]);
}

#define _GNU_SOURCE
#include "limits.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include "scratch.h"
#include "text.h"

enum { RECENT = 100 * 1000 * 1000 }; /* ns */

static uint64_t max_map_count = MF_UNKNOWN, overcommit = MF_UNKNOWN;
static uint64_t asked_at; /* CLOCK_MONOTONIC ns */

uint64_t limits_max_map_count(void)
{
	return max_map_count;
}

static uint64_t resource_limit(int resource)
{
	struct rlimit limit;
	if (raw_syscall4(SYS_prlimit64, 0, resource, 0, (long)&limit) != 0)
		return MF_UNKNOWN;
	return limit.rlim_cur == RLIM_INFINITY ? MF_UNLIMITED : limit.rlim_cur;
}

static uint64_t kilobytes_after(const char *text, const char *key)
{
	uint64_t value = text_number_after(text, key, MF_UNKNOWN);
	return value >= MF_UNKNOWN / 1024 ? MF_UNKNOWN : value * 1024;
}

static void read_use(struct mf_limits *limits, char *bytes)
{
	text_read_file("/proc/self/status", bytes, MF_RECORD_SIZE_MAX);
	limits->vm_size = kilobytes_after(bytes, "VmSize:");
	limits->vm_data = kilobytes_after(bytes, "VmData:");
	limits->vm_locked = kilobytes_after(bytes, "VmLck:");
}

static void read_memory(struct mf_limits *limits, char *bytes)
{
	text_read_file("/proc/meminfo", bytes, MF_RECORD_SIZE_MAX);
	limits->commit_limit = kilobytes_after(bytes, "CommitLimit:");
	limits->committed = kilobytes_after(bytes, "Committed_AS:");
	uint64_t memory = kilobytes_after(bytes, "MemTotal:"), swap = kilobytes_after(bytes, "SwapTotal:");
	limits->memory_total = memory < MF_UNKNOWN && swap < MF_UNKNOWN ? memory + swap : MF_UNKNOWN;
	limits->huge_pages_free = text_number_after(bytes, "HugePages_Free:", MF_UNKNOWN);
}

/* The path behind "ID:controller:" in /proc/self/cgroup, where version 2 names none; NULL if no line has it.
 */
static const char *group_path(const char *groups, const char *controller)
{
	while (*groups) {
		while (*groups && *groups != ':')
			groups++;
		if (text_begins(groups, controller))
			return groups + text_length(controller);
		while (*groups && *groups++ != '\n')
			continue;
	}
	return NULL;
}

static uint64_t group_number(const char *folder, const char *group, const char *name)
{
	char path[512], bytes[64];
	size_t length = 0;
	while (group[length] && group[length] != '\n')
		length++;
	struct text text = text_over(path, sizeof path);
	text_add(&text, folder);
	text_add_bytes(&text, group, length);
	text_add(&text, name);
	if (text_read_file(path, bytes, sizeof bytes) <= 0)
		return MF_UNKNOWN;
	if (text_begins(bytes, "max"))
		return MF_UNLIMITED;
	uint64_t number = text_number_of_file(path, MF_UNKNOWN);
	/* Version 1 has the largest number of pages for "no limit". */
	return number >= (uint64_t)1 << 62 && number < MF_UNKNOWN ? MF_UNLIMITED : number;
}

/* Of version 1 if that has the memory controller, else of version 2. */
static void read_group(struct mf_limits *limits, char *bytes)
{
	static const char version1[] = "/sys/fs/cgroup/memory", version2[] = "/sys/fs/cgroup";
	const char *group;
	if (text_read_file("/proc/self/cgroup", bytes, MF_RECORD_SIZE_MAX) <= 0)
		return;
	if ((group = group_path(bytes, ":memory:"))) {
		limits->cgroup_max = group_number(version1, group, "/memory.limit_in_bytes");
		limits->cgroup_current = group_number(version1, group, "/memory.usage_in_bytes");
	} else if ((group = group_path(bytes, "::"))) {
		limits->cgroup_max = group_number(version2, group, "/memory.max");
		limits->cgroup_current = group_number(version2, group, "/memory.current");
	}
}

static void read_memory_facts(struct mf_limits *limits)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return;
	read_use(limits, scratch->bytes);
	read_memory(limits, scratch->bytes);
	read_group(limits, scratch->bytes);
	scratch_give(scratch);
}

static void ask_system(enum limits_asked asked)
{
	uint64_t now = tracer_now();
	if (asked == LIMITS_RECENT && now - asked_at < RECENT)
		return;
	asked_at = now;
	/* A filter may forbid to ask again. */
	max_map_count = text_number_of_file("/proc/sys/vm/max_map_count", max_map_count);
	overcommit = text_number_of_file("/proc/sys/vm/overcommit_memory", overcommit);
}

void limits_record(uint64_t snapshot, uint64_t map_count, enum limits_asked asked)
{
	ask_system(asked);
	struct mf_limits limits = {.record = {.kind = MF_LIMITS, .size = sizeof limits},
				   .time = tracer_now(),
				   .snapshot = snapshot,
				   .max_map_count = max_map_count,
				   .map_count = map_count,
				   .rlimit_as = resource_limit(RLIMIT_AS),
				   .rlimit_data = resource_limit(RLIMIT_DATA),
				   .rlimit_memlock = resource_limit(RLIMIT_MEMLOCK),
				   .rlimit_nproc = resource_limit(RLIMIT_NPROC),
				   .vm_size = MF_UNKNOWN,
				   .vm_data = MF_UNKNOWN,
				   .vm_locked = MF_UNKNOWN,
				   .overcommit_memory = overcommit,
				   .commit_limit = MF_UNKNOWN,
				   .committed = MF_UNKNOWN,
				   .memory_total = MF_UNKNOWN,
				   .cgroup_max = MF_UNKNOWN,
				   .cgroup_current = MF_UNKNOWN,
				   .huge_pages_free = MF_UNKNOWN};
	if (asked == LIMITS_AND_MEMORY)
		read_memory_facts(&limits);
	mf_ring_write(&tracer.ring, &limits.record);
}

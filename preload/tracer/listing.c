#define _GNU_SOURCE
#include "listing.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "observe.h"
#include "text.h"

/* Whether a name has the number of one of ours, which few have. */
static bool has_our_number(const char *name)
{
	const char *end = name;
	if (*name < '1' || *name > '9')
		return false;
	uint64_t number = text_number(&end, 10);
	return !*end && (number == (uint64_t)tracer.maps ||
			 number == (uint64_t)__atomic_load_n(&tracer.ring.descriptor, __ATOMIC_RELAXED));
}

static bool is_in_proc(int folder)
{
	struct statfs facts;
	return raw_syscall2(SYS_fstatfs, folder, (long)&facts) == 0 && facts.f_type == PROC_SUPER_MAGIC;
}

/* Beside the folder itself lies the one that has links to what is open. */
static bool leads_to_ours(int folder, const char *name)
{
	char bytes[32];
	struct stat facts;
	struct text path = text_over(bytes, sizeof bytes);
	text_add(&path, "../fd/");
	text_add(&path, name);
	return raw_syscall4(SYS_newfstatat, folder, (long)bytes, (long)&facts, 0) == 0 &&
	       (observe_is_list(&facts) ||
		(facts.st_dev == tracer.ring.device && facts.st_ino == tracer.ring.inode));
}

static bool is_ours(int folder, const char *name)
{
	return has_our_number(name) && is_in_proc(folder) && leads_to_ours(folder, name);
}

/* Closes the gaps that ours leave. Returns how many bytes there are then. */
static long leave_out_ours(int folder, char *entries, long size)
{
	long kept = 0;
	for (long at = 0, length = 1; at < size && length; at += length) {
		const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
		length = entry->d_reclen;
		if (is_ours(folder, entry->d_name))
			continue;
		if (kept != at)
			__builtin_memmove(entries + kept, entry, (size_t)length);
		kept += length;
	}
	return kept;
}

/* Nothing would be the end of the folder: if only ours were read, it is read on. */
long listing_make(const struct call *asked)
{
	bool has_ours = __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING;
	for (;;) {
		long size = call_enter_kernel(asked);
		if (size <= 0 || !has_ours)
			return size;
		long kept = leave_out_ours((int)asked->arguments[0], (char *)asked->arguments[1], size);
		if (kept)
			return kept;
	}
}

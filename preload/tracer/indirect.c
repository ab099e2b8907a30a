#define _GNU_SOURCE
#include "indirect.h"

#include <errno.h>
#include <linux/userfaultfd.h>
#include <sys/uio.h>

#include "observe.h"
#include "text.h"
#include "userfault.h"

/* Linux include/uapi/linux/pidfd.h, 6.14. */
enum { PIDFD_SELF_PROCESS = -10001, PIDFD_SELF_THREAD = -10000 };

bool indirect_is(enum mf_call_number kind)
{
	return indirect_is_watch(kind) || kind == MF_CALL_PROCESS_MADVISE;
}

static bool can_read(const void *structure, size_t size)
{
	return mf_unwind_can_read((uint64_t)structure, (uint64_t)structure + size);
}

struct mf_range indirect_range(const struct call *call)
{
	const struct uffdio_range *asked = (const struct uffdio_range *)call->arguments[2];
	if (!can_read(asked, sizeof *asked))
		return (struct mf_range){0};
	return (struct mf_range){asked->start, asked->start + asked->len};
}

/* What /proc tells of a descriptor. Returns its length, or -errno. */
static long descriptor_facts(int descriptor, char *facts, size_t size)
{
	char path[40];
	struct text text = text_over(path, sizeof path);
	text_add(&text, "/proc/self/fdinfo/");
	text_add_number(&text, (uint64_t)(unsigned)descriptor);
	return text_read_file(path, facts, size);
}

/* UFFD_FEATURE_*, as the userfaultfd was asked for (Linux fs/userfaultfd.c, userfaultfd_show_fdinfo: version,
 * features, ioctls); 0 if nothing tells. */
static uint64_t features_of(int descriptor)
{
	char facts[256];
	if (descriptor_facts(descriptor, facts, sizeof facts) <= 0)
		return 0;
	for (const char *at = facts; *at; at++) {
		if (!text_begins(at, "\nAPI:"))
			continue;
		at = text_skip_blanks(at + 5);
		text_number(&at, 16);
		return *at++ == ':' ? text_number(&at, 16) : 0;
	}
	return 0;
}

/* Another driver may use the same number: it has said ENOTTY or EFAULT, or its descriptor is another's. A
 * call may be refused before the kernel reads what it points to. */
static bool userfault_part(const struct call *call, enum mf_call_number kind, long result, struct call *part)
{
	const struct uffdio_register *asked = (const struct uffdio_register *)call->arguments[2];
	int descriptor = (int)call->arguments[0];
	bool is_on = kind == MF_CALL_USERFAULTFD_REGISTER;
	if (result == -EFAULT || result == -EBADF || result == -ENOTTY || !userfault_is(descriptor))
		return false;
	if (call_failed(result) && !can_read(asked, is_on ? sizeof *asked : sizeof asked->range))
		return false;
	part->arguments[0] = (uint64_t)(unsigned)descriptor;
	part->arguments[1] = asked->range.start;
	part->arguments[2] = asked->range.len;
	part->arguments[3] = is_on ? asked->mode : 0;
	part->arguments[4] = is_on && result >= 0 ? features_of(descriptor) : 0;
	return true;
}

/* Whether a descriptor stands for this process; its number in the traced process's own view of processes. */
static bool is_own_process(int descriptor)
{
	char facts[512];
	if (descriptor == PIDFD_SELF_PROCESS || descriptor == PIDFD_SELF_THREAD)
		return true;
	return descriptor_facts(descriptor, facts, sizeof facts) > 0 &&
	       text_number_after(facts, "Pid:", 0) == tracer.process;
}

/* Why a range failed, of which the call does not tell: madvise goes on behind a hole, and else stops. */
static long failure_of(const struct iovec *range)
{
	uint64_t at = (uint64_t)range->iov_base, end = at + range->iov_len;
	struct mf_observation found;
	while (at < end && observe_range(at, &found) && found.start <= at)
		at = found.end;
	return at < end ? -ENOMEM : -EINVAL;
}

/* The ranges are taken in order, until one fails: the bytes of those before are the result, if there are any.
 * A call may be refused before the kernel reads them. */
static bool advice_part(const struct call *call, size_t index, struct call *part, long *result)
{
	const struct iovec *ranges = (const struct iovec *)call->arguments[1];
	long before = 0, all = *result;
	if (all == -EFAULT || index >= call->arguments[2] || (index > 0 && all < 0))
		return false;
	if (all < 0 && !can_read(ranges, sizeof *ranges))
		return false;
	for (size_t i = 0; i < index; i++)
		before += (long)ranges[i].iov_len;
	if (all >= 0 && before > all)
		return false;
	part->arguments[0] = (uint64_t)ranges[index].iov_base;
	part->arguments[1] = ranges[index].iov_len;
	part->arguments[2] = call->arguments[3];
	part->arguments[3] = call->arguments[0];
	part->arguments[4] = call->arguments[4];
	if (all >= 0)
		*result = before + (long)ranges[index].iov_len <= all ? (long)ranges[index].iov_len
								      : failure_of(&ranges[index]);
	return index > 0 || is_own_process((int)call->arguments[0]);
}

bool indirect_part(const struct call *call, enum mf_call_number kind, size_t index, struct call *part,
		   long *result)
{
	*part = *call;
	if (kind == MF_CALL_PROCESS_MADVISE)
		return advice_part(call, index, part, result);
	return index == 0 && userfault_part(call, kind, *result, part);
}

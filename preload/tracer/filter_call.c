#define _GNU_SOURCE
#include "filter_call.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "clock.h"
#include "confinement.h"
#include "dispatch.h"
#include "environment.h"
#include "limits.h"
#include "process.h"
#include "snapshot.h"

enum { PAGE = 4096 };

bool filter_call_is(const struct call *call)
{
	return (call->number == SYS_seccomp && call->arguments[0] <= SECCOMP_SET_MODE_FILTER) ||
	       (call->number == SYS_prctl && call->arguments[0] == PR_SET_SECCOMP) || dispatch_is(call);
}

static bool is_strict(const struct call *call)
{
	return call->number == SYS_seccomp ? call->arguments[0] == SECCOMP_SET_MODE_STRICT
					   : call->arguments[1] == SECCOMP_MODE_STRICT;
}

static bool can_read(const void *start, uint64_t size)
{
	uint64_t end = (uint64_t)start + size;
	for (uint64_t at = (uint64_t)start; at < end; at = (at | (PAGE - 1)) + 1)
		if (!environment_can_read((const void *)(at & ~7ULL)))
			return false;
	return true;
}

/* What the call will leave to the tracer, should the kernel accept it. */
static uint64_t judge(const struct call *call)
{
	const struct sock_fprog *program = (const struct sock_fprog *)call->arguments[2];
	if (dispatch_is(call) || is_strict(call) || !can_read(program, sizeof *program) ||
	    program->len > BPF_MAXINSNS || !can_read(program->filter, program->len * sizeof *program->filter))
		return 0;
	return mf_sandbox_judge(program->filter, program->len);
}

/* Whether the kernel took it. A filter for all threads answers with the thread that stands in the way. */
static bool is_installed(const struct call *call, long result)
{
	uint64_t flags = call->number == SYS_seccomp ? call->arguments[1] : 0;
	bool is_thread =
	    result > 0 && flags & SECCOMP_FILTER_FLAG_TSYNC && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
	return !call_failed(result) && !is_thread;
}

static void record_last_list(void)
{
	struct snapshot_result taken = snapshot_take(MF_SNAPSHOT_CONFINED, true);
	if (taken.number)
		limits_record(taken.number, taken.count, LIMITS_NOW);
}

/* What can only be done before the filter is in force. */
static void prepare(bool had_lists, uint64_t permitted, struct mf_sandbox earlier)
{
	bool loses_lists = had_lists && !confinement_allows_lists();
	bool loses_query = had_lists && tracer.has_query && !confinement_allows_query();
	bool loses_spill = !confinement_allows_spill();
	if (!loses_lists && !loses_query && !loses_spill)
		return;
	mf_sandbox_leave(earlier);
	if (loses_spill)
		mf_ring_claim(&tracer.ring);
	if (loses_lists || loses_query)
		record_last_list();
	mf_sandbox_enter(permitted);
}

long filter_call_make(const struct call *asked, const struct call *call)
{
	uint64_t permitted = judge(call);
	bool is_recording = process_is_recording(), had_lists = confinement_allows_lists();
	tracer_look_at_clock();
	struct mf_sandbox earlier = mf_sandbox_enter(permitted);
	if (is_recording)
		prepare(had_lists, permitted, earlier);
	long result = call_enter_kernel(asked);
	if (!is_installed(call, result)) {
		mf_sandbox_leave(earlier);
		return result;
	}
	if (dispatch_is(call)) {
		dispatch_begin();
		confinement_by_dispatch();
	} else {
		if (is_strict(call))
			clock_stop();
		confinement_count_filter();
	}
	if (is_recording)
		confinement_adapt();
	return result;
}

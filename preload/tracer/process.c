/* Which process this is, whether it records, and the end of its log; a forked child begins its own here. */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <sys/syscall.h>

#include "clock.h"
#include "confinement.h"
#include "definitions.h"
#include "doubt.h"
#include "in_flight.h"
#include "limits.h"
#include "log.h"
#include "lowest.h"
#include "observe.h"
#include "recorder.h"
#include "reserved.h"
#include "scratch.h"
#include "snapshot.h"
#include "stub_stacks.h"
#include "stubs.h"
#include "turns.h"
#include "userfault.h"
#include "watch.h"

enum { LONGEST_WAIT = 100000000 }; /* ns */

/* No log: what can be said of this child is said in the header of its parent's, which is still mapped. */
static void stay_silent(int error)
{
	struct mf_header *parent = tracer.ring.header;
	__atomic_fetch_add(&parent->children_missing, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&parent->children_errno, (uint64_t)error, __ATOMIC_RELAXED);
	__atomic_store_n(&tracer.state, TRACER_OFF, __ATOMIC_RELEASE);
}

/* The process whose memory this is. A child cloned to share it is not meant: it often ends first. */
static uint32_t owner_of_memory(void)
{
	enum { KCMP_VM = 1 };
	long own = raw_syscall0(SYS_getpid), parent = raw_syscall0(SYS_getppid);
	bool is_shared = parent > 0 && raw_syscall5(SYS_kcmp, own, parent, KCMP_VM, 0, 0) == 0;
	return (uint32_t)(is_shared ? parent : own);
}

static uint32_t beginner; /* the thread that begins the log */

static void start_in_child(void)
{
	int recording = TRACER_RECORDING;
	if (!__atomic_compare_exchange_n(&tracer.state, &recording, TRACER_BEGINNING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&beginner, (uint32_t)raw_syscall0(SYS_gettid), __ATOMIC_RELEASE);
	if (*tracer.alive) { /* another one has begun it meanwhile */
		__atomic_store_n(&tracer.state, TRACER_RECORDING, __ATOMIC_RELEASE);
		return;
	}
	if (!tracer.follows) {
		observe_end();
		mf_ring_abandon(&tracer.ring);
		__atomic_store_n(&tracer.state, TRACER_OFF, __ATOMIC_RELEASE);
		return;
	}
	if (!confinement_allows_log()) {
		stay_silent(EPERM);
		return;
	}
	clock_start_in_child();
	tracer_forget_thread();
	tracer.has_threads = false;
	uint64_t parent_position = tracer.position, parent_start = tracer.ring.header->identity.start_time;
	tracer.process = owner_of_memory();
	tracer.salt += (uint64_t)tracer.process * 0x9E3779B97F4A7C15ULL;
	scratch_start_in_child();
	stubs_start_in_child();
	snapshot_start();
	observe_end(); /* the parent's list */
	observe_start();
	doubt_start();
	turns_start();
	reserved_start();
	lowest_start(true);
	void *place = tracer.ring.header;
	mf_ring_abandon(&tracer.ring);
	int error = log_open(place);
	if (error) {
		observe_end();
		stay_silent(-error);
		return;
	}
	*tracer.alive = 1;
	log_write_beginning(MF_SNAPSHOT_FORK, parent_position, parent_start, NULL);
	__atomic_store_n(&tracer.state, TRACER_RECORDING, __ATOMIC_RELEASE);
}

/* What a child that was cloned with its memory shared does now would be in no list and in no log. Not for
 * long: the one that begins may have been stopped. */
static void wait_for_beginning(void)
{
	uint32_t thread = (uint32_t)raw_syscall0(SYS_gettid);
	uint64_t until = tracer_now() + LONGEST_WAIT;
	int beginning = TRACER_BEGINNING;
	while (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_BEGINNING &&
	       __atomic_load_n(&beginner, __ATOMIC_ACQUIRE) != thread && tracer_now() < until)
		raw_syscall0(SYS_sched_yield);
	/* Or a child was forked amidst of it, where nobody goes on with it: once is enough. */
	if (tracer_now() >= until)
		__atomic_compare_exchange_n(&tracer.state, &beginning, TRACER_STARTING, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool is_recording_by_now(void)
{
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING)
		start_in_child();
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_BEGINNING)
		wait_for_beginning();
	return __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING;
}

bool process_is_recording(void)
{
	int state = __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE);
	if (__builtin_expect(state == TRACER_RECORDING && __atomic_load_n(tracer.alive, __ATOMIC_RELAXED), 1))
		return true;
	return state >= TRACER_RECORDING && is_recording_by_now();
}

bool process_follows_image(void)
{
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_OFF)
		return false;
	return tracer.follows || tracer.process == (uint32_t)raw_syscall0(SYS_getpid);
}

bool process_is_silent_child(void)
{
	return __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING &&
	       !__atomic_load_n(tracer.alive, __ATOMIC_RELAXED);
}

/* Other threads' calls, and those of this one that a handler interrupted. */
static void tell_of_unfinished(const struct turn *turn)
{
	bool all_written = in_flight_finish();
	if (turn->overlaps || !all_written)
		define_note(MF_NOTE_NOT_COVERED, "calls had not returned when the process ended: what they "
						 "changed shows in the last snapshot alone");
}

static void write_end(enum process_end way, int status)
{
	confinement_write_notes();
	stub_stacks_count_missed();
	userfault_look();
	watch_settle_rest();
	struct snapshot_result taken = {0};
	if (recorder_has_room_for_list())
		taken = snapshot_take(MF_SNAPSHOT_EXIT, false);
	limits_record(taken.number, taken.number ? taken.count : MF_UNKNOWN, LIMITS_RECENT);
	struct mf_process_end end = {
	    .record = {.kind = MF_PROCESS_END, .detail = way != PROCESS_EXECUTES, .size = sizeof end},
	    .time = tracer_now(),
	    .exit_status = (uint64_t)(uint32_t)status};
	mf_ring_write(&tracer.ring, &end.record);
	mf_ring_finish(&tracer.ring);
}

/* Or exit() has ended the log, and enters the kernel now. */
static bool is_open(void)
{
	return __atomic_load_n(&tracer.ring.header->state, __ATOMIC_RELAXED) != MF_STATE_EXITED;
}

bool process_finish(enum process_end way, int status)
{
	/* A vfork child that ends must not end its parent's log, nor an untraced child that of its parent.
	 * Where a filter forbids to ask who this is: a vfork child does not call exit(). */
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) != TRACER_RECORDING || !*tracer.alive)
		return false;
	if (!is_open())
		return false;
	long process = raw_syscall0(SYS_getpid);
	if (process != (long)tracer.process && !(process == -EPERM && way == PROCESS_EXITS))
		return false;
	struct turn turn = turn_begin_last();
	bool ends = is_open(); /* another thread may have been first */
	if (ends) {
		tell_of_unfinished(&turn);
		write_end(way, status);
	}
	turn_leave(&turn);
	return ends;
}

#define _GNU_SOURCE
#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call_record.h"
#include "clock.h"
#include "definitions.h"
#include "descriptor_link.h"
#include "environment.h"
#include "filter_call.h"
#include "growth.h"
#include "in_flight.h"
#include "kernel_abi.h"
#include "listing.h"
#include "log.h"
#include "process.h"
#include "reserved.h"
#include "stubs.h"
#include "text.h"
#include "turns.h"
#include "unrecordable.h"
#include "visit.h"
#include "watch.h"
#include "work_range.h"

/* Where a call does not say how much it takes away: bytes that hold whatever it may be. */
enum { HEAP_MAX = 1 << 30 };

static uint64_t heap_end; /* as the latest brk told; 0: none has yet */

/* Those who grow and shrink the heap by turns would pay for a search of HEAP_MAX each time. */
static uint64_t heap_taken(uint64_t new_end)
{
	uint64_t end = __atomic_load_n(&heap_end, __ATOMIC_RELAXED);
	if (!end)
		return new_end ? HEAP_MAX : 0;
	return new_end && new_end < end ? end - new_end : 0;
}

/* How much of what lies at arguments[0] the call takes away, or makes unreadable, should it succeed. */
static uint64_t size_taken(const uint64_t arguments[6], enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_MUNMAP:
	case MF_CALL_MREMAP:
		return arguments[1];
	case MF_CALL_MMAP:
		return arguments[3] & MAP_FIXED ? arguments[1] : 0;
	case MF_CALL_MPROTECT:
	case MF_CALL_PKEY_MPROTECT:
		return arguments[2] & PROT_READ ? 0 : arguments[1];
	case MF_CALL_MADVISE:
		return arguments[2] == MADV_GUARD_INSTALL ? arguments[1] : 0;
	case MF_CALL_BRK:
		return heap_taken(arguments[0]);
	case MF_CALL_SHMDT:
		return SEGMENT_MAX;
	default:
		return 0;
	}
}

static void forget_range(uint64_t start, uint64_t size)
{
	definitions_forget(start, start + size);
	clock_forget(start, start + size);
}

/* Tells the unwinder, the definitions, the clock and the stubs what is about to go. Before the call:
 * afterwards another thread may already have loaded other code there. */
static void forget_taken(const struct call *call, enum mf_call_number kind)
{
	const uint64_t *arguments = call->arguments;
	uint64_t size = size_taken(arguments, kind);
	if (size)
		forget_range(arguments[0], size);
	if (kind == MF_CALL_MREMAP && arguments[3] & MREMAP_MAYMOVE)
		stubs_undo(arguments[0], arguments[0] + arguments[1]);
	if (kind == MF_CALL_MREMAP && arguments[3] & MREMAP_FIXED)
		forget_range(arguments[4], arguments[2]);
	if (kind == MF_CALL_SHMAT && arguments[2] & SHM_REMAP)
		forget_range(arguments[1], SEGMENT_MAX);
}

void call_record(const struct call *call, long result, uint64_t begin, uint64_t end)
{
	enum mf_call_number kind = call_kind(call->number, call->arguments);
	struct made_call made = {.call = call,
				 .kind = kind,
				 .result = result,
				 .stack = define_stack(call->registers),
				 .begin = begin,
				 .end = end};
	call_write(&made);
	watch_call(call, kind, result);
}

/* What is mapped of a file like that is a library's, which ld.so knows. */
static bool maps_file_privately(const struct call *call)
{
	return !(call->arguments[3] & MAP_ANONYMOUS) && (call->arguments[3] & MAP_TYPE) == MAP_PRIVATE;
}

/* Tells the unwinder where the program makes code. */
static void note_code(const struct call *call, enum mf_call_number kind, long result)
{
	const uint64_t *arguments = call->arguments;
	if (call_failed(result) || !(arguments[2] & PROT_EXEC))
		return;
	if (kind == MF_CALL_MMAP && !maps_file_privately(call))
		mf_unwind_note_code((uint64_t)result, (uint64_t)result + arguments[1]);
	else if (kind == MF_CALL_MPROTECT || kind == MF_CALL_PKEY_MPROTECT)
		mf_unwind_note_code(arguments[0], arguments[0] + arguments[1]);
}

/* How much of a new mapping of code may be read: what lies behind the file's end would be a SIGBUS. */
static uint64_t readable_size(const struct call *call, const struct stat *facts)
{
	uint64_t size = call->arguments[1], offset = call->arguments[5], whole = (uint64_t)facts->st_size;
	if (whole <= offset)
		return 0;
	return size < whole - offset ? size : whole - offset;
}

/* Code of a library that is being loaded: its own system calls are redirected before it can run. */
static void redirect_loaded_code(const struct call *call, enum mf_call_number kind, long result)
{
	if (kind != MF_CALL_MMAP || call_failed(result) || !(call->arguments[2] & PROT_EXEC) ||
	    !(call->arguments[2] & PROT_READ) || !maps_file_privately(call))
		return;
	struct stat facts;
	int descriptor = (int)call->arguments[4];
	if (raw_syscall4(SYS_newfstatat, descriptor, (long)"", (long)&facts, AT_EMPTY_PATH) != 0)
		return;
	struct stub_origin origin = stub_origin_of(&facts, call->arguments[5], readable_size(call, &facts));
	stubs_redirect_new((uint64_t)result, &origin, descriptor);
}

static bool forbids_counter(const struct call *call)
{
	return call->number == SYS_prctl && call->arguments[0] == PR_SET_TSC &&
	       call->arguments[1] == PR_TSC_SIGSEGV;
}

/* It changes no map, but what the tracer may do: that is seen to before. */
static long make_unrecorded(const struct call *asked, const struct call *call)
{
	if (call->number == SYS_getdents64)
		return listing_make(asked);
	if (filter_call_is(call))
		return filter_call_make(asked, call);
	if (forbids_counter(call))
		clock_leave_counter();
	if (call->number == SYS_exit_group)
		process_finish(PROCESS_ENDS, (int)call->arguments[0]);
	return call_enter_kernel(asked);
}

static long make_call(const struct call *asked)
{
	struct call narrow;
	const struct call *call = call_narrow(asked, &narrow);
	enum mf_call_number kind = call_kind(call->number, call->arguments);
	if (!kind)
		return make_unrecorded(asked, call);
	if (!process_is_recording())
		return call_enter_kernel(asked);
	/* Before the call, which may unmap code or unwind tables that the backtrace needs. */
	struct made_call made = {.call = call, .kind = kind, .stack = define_stack(call->registers)};
	struct turn turn = turn_begin(call, kind);
	forget_taken(call, kind);
	growth_begin(call, kind);
	reserved_begin(call, kind);
	struct in_flight flight;
	made.claim = in_flight_claim;
	made.flight = &flight;
	made.begin = in_flight_begin(&flight, asked, made.stack);
	made.result = call_enter_kernel_noting(asked, in_flight_answer(&flight));
	made.end = tracer_now();
	long result = made.result;
	if (kind == MF_CALL_BRK)
		__atomic_store_n(&heap_end, (uint64_t)result, __ATOMIC_RELAXED);
	turn_end(&turn);
	call_write_parts(&made);
	in_flight_written(&flight);
	in_flight_end(&flight);
	turn_leave(&turn);
	note_code(call, kind, result);
	redirect_loaded_code(call, kind, result);
	watch_call(call, kind, result);
	if (__builtin_expect(flight.found_abandoned, 0))
		watch_abandoned();
	else if (__builtin_expect(turn.was_overtaken, 0))
		watch_overtaken();
	return result;
}

static void write_child(enum mf_child_event event, long child, uint64_t begin)
{
	struct mf_child record = {
	    .record = {.kind = MF_CHILD, .detail = (uint8_t)event, .size = sizeof record},
	    .time = begin,
	    .end = tracer_now(),
	    .child = (uint64_t)child};
	mf_ring_write(&tracer.ring, &record.record);
}

void call_record_fork(long child, uint64_t begin)
{
	write_child(MF_CHILD_FORKED, child, begin);
}

static long make_fork(const struct call *call)
{
	bool is_fork = !(call->arguments[0] & CLONE_VM) && process_is_recording();
	uint64_t begin = tracer_now();
	long result = call_enter_kernel(call);
	if (is_fork && result > 0)
		call_record_fork(result, begin);
	return result;
}

/* The end of this image is told as late as can be: until the kernel is entered the process has the old map.
 */
static long replace_image(const struct call *call)
{
	if (process_is_silent_child())
		write_child(MF_CHILD_EXECUTES, raw_syscall0(SYS_getpid), tracer_now());
	bool ends = process_finish(PROCESS_EXECUTES, 0);
	long result = call_enter_kernel(call);
	if (ends)
		mf_ring_resume(&tracer.ring);
	return result;
}

/* Too long by what was added to it: the kernel takes what the program gave, and nobody follows. */
static long replace_image_as_given(const struct call *call)
{
	if (process_follows_image())
		define_note(MF_NOTE_NOT_RECORDED,
			    "a program was executed unrecorded: its arguments left no room "
			    "for the tracer's settings");
	return replace_image(call);
}

/* Says so where a program cannot be recorded because it is executed by another user, in another root, in a
 * sandbox, or with a full disk. A path that is searched for may not be there. */
static void note_unreachable(const struct call *call, bool lacks_library)
{
	char bytes[128];
	struct text text = text_over(bytes, sizeof bytes);
	const char *why = lacks_library ? "the tracer's library cannot be read by it" : log_obstacle();
	if (!why)
		return;
	if (call->number == SYS_execve &&
	    raw_syscall3(SYS_faccessat, AT_FDCWD, (long)call->arguments[0], X_OK) != 0)
		return;
	text_add(&text, "a program was executed unrecorded: ");
	text_add(&text, why);
	define_note(MF_NOTE_NOT_RECORDED, bytes);
}

static long execute(const struct call *call, enum environment_aim aim)
{
	int place = call->number == SYS_execveat ? 3 : 2;
	char *const *theirs = (char *const *)call->arguments[place];
	size_t size = environment_room(theirs);
	if (size == 0)
		return environment_is_too_long(theirs) ? replace_image_as_given(call) : replace_image(call);
	_Alignas(8) char room[size];
	struct environment environment = environment_in(room, size, theirs);
	bool is_made = environment_complete(theirs, aim, &environment);
	if (aim == ENVIRONMENT_FOLLOWS)
		note_unreachable(call, environment.lacks_library);
	if (!is_made)
		return replace_image(call);
	struct call completed = *call;
	completed.arguments[place] = (uint64_t)environment.entries;
	long result = replace_image(&completed);
	return result == -E2BIG ? replace_image_as_given(call) : result;
}

/* execveat names a folder and flags besides; a descriptor alone is named by /proc. */
static bool cannot_load_library(const struct call *call, bool is_told)
{
	const uint64_t *a = call->arguments;
	if (call->number == SYS_execve)
		return unrecordable_note(AT_FDCWD, (const char *)a[0], is_told);
	if (!(a[4] & AT_EMPTY_PATH))
		return unrecordable_note((int)a[0], (const char *)a[1], is_told);
	struct descriptor_link link = descriptor_link((int)a[0]);
	return unrecordable_note(AT_FDCWD, link.path, is_told);
}

static bool lists_libraries(const struct call *call)
{
	int path = call->number == SYS_execveat;
	return unrecordable_lists((const char *)call->arguments[path],
				  (char *const *)call->arguments[path + 1]);
}

/* Who searches PATH by calling execve finds nothing in most places: nothing ends there, and no list is due.
 */
static bool is_missing(const struct call *call)
{
	if (call->number != SYS_execve)
		return false;
	long error = raw_syscall3(SYS_faccessat, AT_FDCWD, (long)call->arguments[0], X_OK);
	return error == -ENOENT || error == -ENOTDIR;
}

static long make_execve(const struct call *call)
{
	if (is_missing(call))
		return call_enter_kernel(call);
	bool follows = process_follows_image();
	if (cannot_load_library(call, follows) || lists_libraries(call))
		return execute(call, ENVIRONMENT_WITHOUT);
	return execute(call, follows ? ENVIRONMENT_FOLLOWS : ENVIRONMENT_STAYS);
}

static long make(const struct call *call)
{
	switch (call->number) {
	case SYS_execve:
	case SYS_execveat:
		return make_execve(call);
	case SYS_clone:
		return make_fork(call);
	default:
		return make_call(call);
	}
}

long call_make(const struct call *call)
{
	struct visit outer = visit_begin(call->registers->sp);
	long result = make(call);
	visit_end(&outer);
	return result;
}

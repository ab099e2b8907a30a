#define _GNU_SOURCE
#include "call.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "definitions.h"
#include "environment.h"
#include "observe.h"
#include "stubs.h"
#include "watch.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* Where a call does not say how much it takes away: bytes that hold whatever it may be. */
enum { HEAP_MAX = 1 << 30, SEGMENT_MAX = 1 << 30 };

static bool prctl_changes_map(uint64_t option)
{
	return option == PR_SET_VMA || option == PR_SET_MEMORY_MERGE;
}

enum mf_call_number call_kind(long number, const uint64_t arguments[6])
{
	switch (number) {
	case SYS_mmap:
		return MF_CALL_MMAP;
	case SYS_munmap:
		return MF_CALL_MUNMAP;
	case SYS_mprotect:
		return MF_CALL_MPROTECT;
	case SYS_pkey_mprotect:
		return MF_CALL_PKEY_MPROTECT;
	case SYS_mremap:
		return MF_CALL_MREMAP;
	case SYS_brk:
		return MF_CALL_BRK;
	case SYS_madvise:
		return MF_CALL_MADVISE;
	case SYS_mlock:
		return MF_CALL_MLOCK;
	case SYS_mlock2:
		return MF_CALL_MLOCK2;
	case SYS_munlock:
		return MF_CALL_MUNLOCK;
	case SYS_mlockall:
		return MF_CALL_MLOCKALL;
	case SYS_munlockall:
		return MF_CALL_MUNLOCKALL;
	case SYS_mbind:
		return MF_CALL_MBIND;
	case SYS_shmat:
		return MF_CALL_SHMAT;
	case SYS_shmdt:
		return MF_CALL_SHMDT;
	case SYS_remap_file_pages:
		return MF_CALL_REMAP_FILE_PAGES;
	case SYS_prctl:
		return prctl_changes_map(arguments[0]) ? MF_CALL_PRCTL : 0;
	case SYS_mseal:
		return MF_CALL_MSEAL;
	case SYS_io_setup:
		return MF_CALL_IO_SETUP;
	case SYS_io_destroy:
		return MF_CALL_IO_DESTROY;
	case SYS_set_mempolicy_home_node:
		return MF_CALL_SET_MEMPOLICY_HOME_NODE;
	case SYS_map_shadow_stack:
		return MF_CALL_MAP_SHADOW_STACK;
	default:
		return 0;
	}
}

uint8_t call_argument_count(enum mf_call_number kind)
{
	static const uint8_t counts[] = {
	    [MF_CALL_MMAP] = 6,
	    [MF_CALL_MUNMAP] = 2,
	    [MF_CALL_MPROTECT] = 3,
	    [MF_CALL_PKEY_MPROTECT] = 4,
	    [MF_CALL_MREMAP] = 5,
	    [MF_CALL_BRK] = 1,
	    [MF_CALL_MADVISE] = 3,
	    [MF_CALL_MLOCK] = 2,
	    [MF_CALL_MLOCK2] = 3,
	    [MF_CALL_MUNLOCK] = 2,
	    [MF_CALL_MLOCKALL] = 1,
	    [MF_CALL_MUNLOCKALL] = 0,
	    [MF_CALL_MBIND] = 6,
	    [MF_CALL_SHMAT] = 3,
	    [MF_CALL_SHMDT] = 1,
	    [MF_CALL_REMAP_FILE_PAGES] = 5,
	    [MF_CALL_PRCTL] = 5,
	    [MF_CALL_MSEAL] = 3,
	    [MF_CALL_IO_SETUP] = 2,
	    [MF_CALL_IO_DESTROY] = 1,
	    [MF_CALL_SET_MEMPOLICY_HOME_NODE] = 4,
	    [MF_CALL_MAP_SHADOW_STACK] = 3,
	};
	return kind < sizeof counts ? counts[kind] : 6;
}

static bool failed(long result)
{
	return result < 0 && result > -4096;
}

/* Whether the kernel should be asked which VMA the new mapping lies in (0.5 us): file identity decides
 * merging, and between threads so does whether the neighbours were written yet, which no log can tell. */
static bool wants_observation(const struct call *call, enum mf_call_number kind)
{
	if (kind != MF_CALL_MMAP)
		return kind == MF_CALL_SHMAT || kind == MF_CALL_IO_SETUP;
	return tracer.has_threads || !(call->arguments[3] & MAP_ANONYMOUS) ||
	       (call->arguments[3] & MAP_TYPE) != MAP_PRIVATE;
}

static bool observe(const struct call *call, enum mf_call_number kind, long result,
		    struct mf_observation *observation)
{
	if (failed(result) || tracer.is_confined || !wants_observation(call, kind))
		return false;
	/* io_setup tells the address of its ring through a pointer. */
	uint64_t address =
	    kind == MF_CALL_IO_SETUP ? *(const uint64_t *)call->arguments[1] : (uint64_t)result;
	if (observe_vma(address, observation))
		return true;
	return kind == MF_CALL_MMAP && !(call->arguments[3] & MAP_ANONYMOUS) &&
	       observe_descriptor((int)call->arguments[4], observation);
}

static void write_call(const struct call *call, enum mf_call_number kind, long result, uint64_t stack,
		       uint64_t begin, uint64_t end)
{
	uint64_t words[(sizeof(struct mf_call) + sizeof(struct mf_observation)) / 8 + 6];
	struct mf_call *record = (struct mf_call *)words;
	struct mf_observation observation;
	uint8_t count = call_argument_count(kind);
	bool observed = !(call->caught & MF_CALL_IN_TRACER) && observe(call, kind, result, &observation);
	*record = (struct mf_call){
	    .record = {.kind = MF_CALL,
		       .detail = (uint8_t)kind,
		       .size = (uint16_t)(sizeof *record + 8u * count + (observed ? sizeof observation : 0))},
	    .begin = begin,
	    .end = end,
	    .stack = stack,
	    .thread = tracer_thread(),
	    .error = failed(result) ? (uint16_t)-result : 0,
	    .argument_count = count,
	    .flags = (uint8_t)(call->caught | (observed ? MF_CALL_HAS_OBSERVATION : 0)),
	    .result = (uint64_t)result};
	for (uint8_t i = 0; i < count; i++)
		record->arguments[i] = call->arguments[i];
	if (observed)
		__builtin_memcpy(&record->arguments[count], &observation, sizeof observation);
	mf_ring_write(&tracer.ring, &record->record);
	tracer.position = __atomic_load_n(&tracer.ring.header->head, __ATOMIC_RELAXED);
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
		return arguments[0] ? HEAP_MAX : 0;
	case MF_CALL_SHMDT:
		return SEGMENT_MAX;
	default:
		return 0;
	}
}

/* Tells the unwinder and the definitions what is about to go. Before the call: afterwards another thread may
 * already have loaded other code there. */
static void forget_taken(const struct call *call, enum mf_call_number kind)
{
	const uint64_t *arguments = call->arguments;
	uint64_t size = size_taken(arguments, kind);
	if (size)
		definitions_forget(arguments[0], arguments[0] + size);
	if (kind == MF_CALL_MREMAP && arguments[3] & MREMAP_FIXED)
		definitions_forget(arguments[4], arguments[4] + arguments[2]);
	if (kind == MF_CALL_SHMAT && arguments[2] & SHM_REMAP)
		definitions_forget(arguments[1], arguments[1] + SEGMENT_MAX);
}

void call_write_own(const struct call *call, long result, uint64_t begin, uint64_t end)
{
	write_call(call, call_kind(call->number, call->arguments), result, 0, begin, end);
}

void call_record(const struct call *call, long result, uint64_t begin, uint64_t end)
{
	enum mf_call_number kind = call_kind(call->number, call->arguments);
	write_call(call, kind, result, define_stack(call->registers), begin, end);
	watch_call(call, kind, result);
}

/* How much of a new mapping of code may be read: what lies behind the file's end would be a SIGBUS. */
static uint64_t readable_size(const struct call *call)
{
	struct stat facts;
	uint64_t size = call->arguments[1], offset = call->arguments[5];
	if (raw_syscall4(SYS_newfstatat, (long)call->arguments[4], (long)"", (long)&facts, AT_EMPTY_PATH) !=
		0 ||
	    (uint64_t)facts.st_size <= offset)
		return 0;
	return size < (uint64_t)facts.st_size - offset ? size : (uint64_t)facts.st_size - offset;
}

/* Code of a library that is being loaded: its own system calls are redirected before it can run. */
static void redirect_loaded_code(const struct call *call, enum mf_call_number kind, long result)
{
	if (kind != MF_CALL_MMAP || failed(result) || !(call->arguments[2] & PROT_EXEC) ||
	    !(call->arguments[2] & PROT_READ) || call->arguments[3] & MAP_ANONYMOUS ||
	    (call->arguments[3] & MAP_TYPE) != MAP_PRIVATE || tracer.is_confined)
		return;
	stubs_redirect_new((uint64_t)result, (uint64_t)result + readable_size(call), (int)call->arguments[4]);
}

static long enter_kernel(const struct call *call)
{
	const uint64_t *a = call->arguments;
	return raw_syscall6(call->number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4],
			    (long)a[5]);
}

/* A filter may kill for any call but those that the program itself makes: the tracer makes none after it. */
static long install_filter(const struct call *call)
{
	if (!tracer_is_recording())
		return enter_kernel(call);
	long result = enter_kernel(call);
	if (failed(result))
		return result;
	mf_ring_confine(&tracer.ring);
	tracer.has_query = false;
	__atomic_store_n(&tracer.is_confined, true, __ATOMIC_RELEASE);
	return result;
}

static bool installs_filter(const struct call *call)
{
	return (call->number == SYS_seccomp && call->arguments[0] <= SECCOMP_SET_MODE_FILTER) ||
	       (call->number == SYS_prctl && call->arguments[0] == PR_SET_SECCOMP);
}

long call_make(const struct call *call)
{
	enum mf_call_number kind = call_kind(call->number, call->arguments);
	if (!kind && installs_filter(call))
		return install_filter(call);
	if (!kind || !tracer_is_recording())
		return enter_kernel(call);
	/* Before the call, which may unmap code or unwind tables that the backtrace needs. */
	uint64_t stack = define_stack(call->registers);
	forget_taken(call, kind);
	uint64_t begin = tracer_now();
	long result = enter_kernel(call);
	write_call(call, kind, result, stack, begin, tracer_now());
	redirect_loaded_code(call, kind, result);
	watch_call(call, kind, result);
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

long call_fork(const struct call *call)
{
	bool is_fork = !(call->arguments[0] & CLONE_VM) && tracer_is_recording();
	uint64_t begin = tracer_now();
	long result = enter_kernel(call);
	if (is_fork && result > 0)
		call_record_fork(result, begin);
	return result;
}

static long execute(const struct call *call)
{
	int place = call->number == SYS_execveat ? 3 : 2;
	struct call completed = *call;
	struct environment environment;
	if (!tracer_follows_image() ||
	    !environment_complete((char *const *)call->arguments[place], &environment))
		return enter_kernel(call);
	completed.arguments[place] = (uint64_t)environment.entries;
	return enter_kernel(&completed);
}

long call_execve(const struct call *call)
{
	if (tracer_is_silent_child())
		write_child(MF_CHILD_EXECUTES, raw_syscall0(SYS_getpid), tracer_now());
	bool ends = tracer_finish(false, 0);
	long result = execute(call);
	if (ends)
		mf_ring_resume(&tracer.ring);
	return result;
}

/*
 * The tracer's descriptors (the log's and that of /proc/self/maps) stay open however thoroughly the program
 * closes everything, and the program learns what it would have learnt without them: that nothing is open
 * there.
 */
#define _GNU_SOURCE
#include "descriptors.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libc_answer.h"
#include "observe.h"
#include "tracer.h"
#include "userfault.h"

#define EXPORTED __attribute__((visibility("default")))

static int (*libc_close)(int);
static int (*libc_dup2)(int, int);
static int (*libc_dup3)(int, int, int);

/* May enter libc. */
__attribute__((constructor)) static void find_functions(void)
{
	libc_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	libc_dup2 = (int (*)(int, int))dlsym(RTLD_NEXT, "dup2");
	libc_dup3 = (int (*)(int, int, int))dlsym(RTLD_NEXT, "dup3");
}

/* Numbers first, for the sake of speed; then whether the program has not put something of its own there,
 * unless a filter forbids to ask. */
bool descriptor_is_ours(int descriptor)
{
	if (descriptor < 0 || __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) != TRACER_RECORDING)
		return false;
	if (descriptor == __atomic_load_n(&tracer.ring.descriptor, __ATOMIC_RELAXED))
		return mf_is_log(&tracer.ring, descriptor) || !mf_sandbox_permits_all(SYS_fstat);
	return descriptor == tracer.maps && observe_owns(descriptor);
}

/* Makes room at a number of ours that the program wants. A vfork child has descriptors of its own but our
 * memory. */
static void vacate(int descriptor)
{
	if (!descriptor_is_ours(descriptor) || tracer.process != (uint32_t)raw_syscall0(SYS_getpid))
		return;
	struct mf_room room;
	mf_room_begin(&room);
	long moved = raw_syscall3(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, descriptor + 1);
	mf_room_end(&room);
	if (descriptor == tracer.maps)
		tracer.maps = moved < 0 ? -1 : (int)moved;
	else
		__atomic_store_n(&tracer.ring.descriptor, moved < 0 ? -1 : (int)moved, __ATOMIC_RELAXED);
}

static int close_theirs(int descriptor)
{
	return libc_close ? libc_close(descriptor)
			  : (int)libc_answer(program_syscall(SYS_close, descriptor, 0, 0, 0, 0, 0));
}

__attribute__((visibility("hidden"), used)) int hook_close(int descriptor, long b, long c, long d, long e,
							   long f, const struct mf_registers *registers)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	if (__builtin_expect(descriptor_is_ours(descriptor), 0))
		return (int)libc_answer(-EBADF);
	if (__builtin_expect(!userfault_knows((unsigned)descriptor, (unsigned)descriptor), 1))
		return close_theirs(descriptor);
	uint64_t begin = tracer_now();
	int result = close_theirs(descriptor);
	userfault_closed((unsigned)descriptor, (unsigned)descriptor, registers, begin);
	return result;
}

/* A descriptor that is replaced is closed. */
static int replace_userfault(int from, int to, int flags)
{
	uint64_t begin = tracer_now();
	int result = (int)libc_answer(program_syscall(SYS_dup3, from, to, flags, 0, 0, 0));
	if (result >= 0)
		userfault_closed((unsigned)to, (unsigned)to, NULL, begin);
	return result;
}

EXPORTED int dup2(int from, int to)
{
	if (descriptor_is_ours(from))
		return (int)libc_answer(-EBADF);
	if (from != to)
		vacate(to);
	if (from != to && __builtin_expect(userfault_knows((unsigned)to, (unsigned)to), 0))
		return replace_userfault(from, to, 0);
	return libc_dup2 ? libc_dup2(from, to)
			 : (int)libc_answer(program_syscall(SYS_dup2, from, to, 0, 0, 0, 0));
}

EXPORTED int dup3(int from, int to, int flags)
{
	if (descriptor_is_ours(from) && from != to)
		return (int)libc_answer(-EBADF);
	if (from != to)
		vacate(to);
	if (from != to && __builtin_expect(userfault_knows((unsigned)to, (unsigned)to), 0))
		return replace_userfault(from, to, flags);
	return libc_dup3 ? libc_dup3(from, to, flags)
			 : (int)libc_answer(program_syscall(SYS_dup3, from, to, flags, 0, 0, 0));
}

/* The lowest of our numbers in [first, last], or -1. */
static int first_of_ours(unsigned first, unsigned last)
{
	int numbers[] = {tracer.maps, tracer.ring.descriptor}, lowest = -1;
	for (int i = 0; i < 2; i++) {
		bool is_lower = lowest < 0 || numbers[i] < lowest;
		if (numbers[i] >= 0 && (unsigned)numbers[i] >= first && (unsigned)numbers[i] <= last &&
		    is_lower && descriptor_is_ours(numbers[i]))
			lowest = numbers[i];
	}
	return lowest;
}

static long close_in_pieces(unsigned first, unsigned last, int flags)
{
	for (int ours; first <= last && (ours = first_of_ours(first, last)) >= 0;
	     first = (unsigned)ours + 1) {
		if ((unsigned)ours == first)
			continue;
		long result = program_syscall(SYS_close_range, first, ours - 1, flags, 0, 0, 0);
		if (result < 0)
			return result;
	}
	return first <= last ? program_syscall(SYS_close_range, first, last, flags, 0, 0, 0) : 0;
}

static long close_all_but_ours(unsigned first, unsigned last, int flags)
{
	bool has_userfault = userfault_knows(first, last);
	uint64_t begin = has_userfault ? tracer_now() : 0;
	long result = close_in_pieces(first, last, flags);
	if (has_userfault && result >= 0)
		userfault_closed(first, last, NULL, begin);
	return result;
}

EXPORTED int close_range(unsigned first, unsigned last, int flags)
{
	/* Ours are closed by execve anyway. */
	if (first > last || flags & (int)CLOSE_RANGE_CLOEXEC)
		return (int)libc_answer(program_syscall(SYS_close_range, first, last, flags, 0, 0, 0));
	return (int)libc_answer(close_all_but_ours(first, last, flags));
}

EXPORTED void closefrom(int first)
{
	unsigned least = first < 0 ? 0 : (unsigned)first;
	if (close_all_but_ours(least, ~0U, 0) != -ENOSYS)
		return;
	for (long number = least, end = sysconf(_SC_OPEN_MAX); number < end; number++)
		if (!descriptor_is_ours((int)number))
			program_syscall(SYS_close, number, 0, 0, 0, 0, 0);
}

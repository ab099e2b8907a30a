/*
 * Syscall user dispatch (Linux 5.11): a signal in place of each system call, but for those that one range of
 * code makes. That range may be libc's, and is hardly ever the tracer's: then the tracer makes no call on its
 * own account, as under a filter that forbids everything, and has libc's syscall() enter the kernel with the
 * program's calls.
 */
#define _GNU_SOURCE
#include "dispatch.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

#include "sandbox.h"

/* Read by entry_*.S as well: there syscall(2) goes on in libc's when mf_sandbox_elsewhere is set. */
__attribute__((visibility("hidden"))) long (*dispatch_libc)(long, long, long, long, long, long, long);

/* May enter libc. */
__attribute__((constructor)) static void find_syscall(void)
{
	dispatch_libc = (long (*)(long, long, long, long, long, long, long))dlsym(RTLD_NEXT, "syscall");
}

/* The kernel's answer, as program_syscall() gives it: errno is for who asked to set. */
static long enter_through_libc(long number, long a, long b, long c, long d, long e, long f)
{
	int theirs = errno;
	long result = dispatch_libc(number, a, b, c, d, e, f);
	if (result == -1)
		result = -errno;
	errno = theirs;
	return result;
}

static bool exempts_tracer(const uint64_t *arguments)
{
	uint64_t start = arguments[2], size = arguments[3];
	return arguments[1] == PR_SYS_DISPATCH_ON && start <= (uint64_t)__ehdr_start &&
	       (uint64_t)_end - start <= size;
}

bool dispatch_is(const struct call *call)
{
	const uint64_t *arguments = call->arguments;
	return call->number == SYS_prctl && arguments[0] == PR_SET_SYSCALL_USER_DISPATCH &&
	       arguments[1] != PR_SYS_DISPATCH_OFF && dispatch_libc && !exempts_tracer(arguments);
}

void dispatch_begin(void)
{
	__atomic_store_n(&mf_sandbox_elsewhere, enter_through_libc, __ATOMIC_RELEASE);
}

/* The ends of a process that the tracer can see: exit and a return from main, and _exit; by the system
 * call it is seen in call.c. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>

#include "glibc_only.h"
#include "neighbours.h"
#include "process.h"

static void at_exit(int status, void *unused)
{
	(void)unused;
	process_finish(PROCESS_EXITS, status);
}

/* Registered before all others, so that it runs after them and after every destructor. May enter libc. */
__attribute__((constructor)) static void expect_exit(void)
{
	if (on_exit)
		on_exit(at_exit, NULL);
}

__attribute__((noreturn)) static void end(int status)
{
	process_finish(PROCESS_ENDS, status);
	neighbours_exit(status);
	/* A filter may refuse the first, as libc knows too. */
	for (;;) {
		program_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
		program_syscall(SYS_exit, status, 0, 0, 0, 0, 0);
	}
}

__attribute__((visibility("default"))) void _exit(int status)
{
	end(status);
}

__attribute__((visibility("default"))) void _Exit(int status)
{
	end(status);
}

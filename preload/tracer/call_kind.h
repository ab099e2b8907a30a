/* A system call that is about to be made for the program, and what the log calls it. No function here enters
 * libc. */
#ifndef MAPFRAY_CALL_KIND_H
#define MAPFRAY_CALL_KIND_H

#include "tracer.h"

struct call {
	long number; /* the kernel's */
	uint64_t arguments[6];
	const struct mf_registers *registers; /* of the caller, for the backtrace */
	uint8_t caught;			      /* MF_CALL_BY_* */
};

/* The call as the kernel takes it, which of an int looks at 32 bits: above them the program may have left
 * anything. Itself, or filled into `narrow`. */
const struct call *call_narrow(const struct call *call, struct call *narrow);
/* What the log calls this system call, or 0 if it does not change the map. */
enum mf_call_number call_kind(long number, const uint64_t arguments[6]);
/* How many arguments the log keeps of it. */
uint8_t call_argument_count(enum mf_call_number kind);

/* Makes it, and says what the kernel answered: at once in *answer. */
static inline long call_enter_kernel_noting(const struct call *call, long *answer)
{
	const uint64_t *a = call->arguments;
	return program_syscall_noting(answer, call->number, (long)a[0], (long)a[1], (long)a[2], (long)a[3],
				      (long)a[4], (long)a[5]);
}

static inline long call_enter_kernel(const struct call *call)
{
	long answer;
	return call_enter_kernel_noting(call, &answer);
}

/* Whether the kernel answered with an error, -errno. */
static inline bool call_failed(long result)
{
	return result < 0 && result > -4096;
}

#endif

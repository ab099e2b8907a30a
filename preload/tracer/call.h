/* The one entry point through which every hooked call passes, wherever it was caught. */
#ifndef MAPFRAY_CALL_H
#define MAPFRAY_CALL_H

#include "tracer.h"

/* A system call that is about to be made for the program. */
struct call {
	long number; /* the kernel's */
	uint64_t arguments[6];
	const struct mf_registers *registers; /* of the caller, for the backtrace */
	uint8_t caught;			      /* MF_CALL_BY_* */
};

/* What the log calls this system call, or 0 if it does not change the map. */
enum mf_call_number call_kind(long number, const uint64_t arguments[6]);
/* How many arguments the log keeps of it. */
uint8_t call_argument_count(enum mf_call_number kind);
/* Makes the call, records it, and returns what the kernel returned (-errno on failure). Does not enter libc.
 */
long call_make(const struct call *call);
/* Makes an execve, which ends this log if it succeeds. Does not enter libc. */
long call_execve(const struct call *call);
/* Makes a fork, and writes the child down. Does not enter libc. */
long call_fork(const struct call *call);
/* Records a fork that somebody else made. Does not enter libc. */
void call_record_fork(long child, uint64_t begin);
/* Writes down a call of the tracer's own, without a stack and without asking the kernel. Does not enter libc.
 */
void call_write_own(const struct call *call, long result, uint64_t begin, uint64_t end);
/* Records a call that somebody else made: `result` as the kernel returns it. Does not enter libc. */
void call_record(const struct call *call, long result, uint64_t begin, uint64_t end);

#endif

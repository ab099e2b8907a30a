/*
 * tracer_now(): CLOCK_MONOTONIC, computed from the processor's counter where the kernel does so too, which
 * costs less than half of clock_gettime. Within a microsecond of it, but for an eighth of a second after its
 * rate was changed. Every time of a process comes out of one function of the counter that never goes back, so
 * that the order of two readings is the counter's, on whatever threads they were made.
 */
#ifndef MAPFRAY_CLOCK_H
#define MAPFRAY_CLOCK_H

#include <stdint.h>

/* In the constructor only. May enter libc (vdso.h). */
void clock_start(void);
/* Before memory is taken away: the vDSO may lie there. Does not enter libc. */
void clock_forget(uint64_t start, uint64_t end);
/* Before the program makes it a SIGSEGV to read the counter. Does not enter libc. */
void clock_leave_counter(void);
/* From now on nothing tells the time: SECCOMP_MODE_STRICT forbids the kernel's clock, and the counter too
 * (Linux, disable_TSC). Behind tracer_look_at_clock, and does not look itself. Does not enter libc. */
void clock_stop(void);
/* In a forked child, which may be in another time namespace, and where nobody is left of those who were at
 * work. */
void clock_start_in_child(void);

#endif

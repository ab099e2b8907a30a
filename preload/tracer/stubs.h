/*
 * Below the symbols: the places where libc, ld.so and other libraries enter the kernel themselves.
 *
 * Such a stub is `mov $NUMBER, %eax` (five bytes) directly before `syscall`. The move is overwritten by a
 * jump of the same length into the tracer, which makes the call, records it, and goes back behind the
 * `syscall`, so that libc does its own errno work. Where the number is computed (stub_window.h) other
 * instructions before the `syscall` give way. Written through /proc/self/mem: no mprotect, no VMA is
 * split.
 */
#ifndef MAPFRAY_STUBS_H
#define MAPFRAY_STUBS_H

#include "stub_cache.h"
#include "tracer.h"

/* Redirects the stubs in everything that is loaded. In the constructor only: the program has one thread. May
 * enter libc. */
void stubs_start(void);
/* Redirects the stubs in code that has just been mapped at `start` and cannot run yet from a file (dlopen),
 * one thread's after the other's. Does not enter libc. */
void stubs_redirect_new(uint64_t start, const struct stub_origin *origin, int descriptor);
/* Puts back the code of [start, end), which is about to be moved: a jump leads somewhere from its own place
 * only. Does not enter libc. */
void stubs_undo(uint64_t start, uint64_t end);
/* A forked child has none of the threads that redirected. Does not enter libc. */
void stubs_start_in_child(void);
/* Whether a library of this path is libc or ld.so. */
bool stubs_is_libc(const char *path);
/* Whether libc's own stub of this system call is redirected, so that its function needs no recording by
 * symbol. */
bool stubs_cover(long number);
/* Says in the log what is redirected, and what could not be. Does not enter libc. */
void stubs_write_coverage(void);

#endif

/*
 * Where the calling thread's storage lies. A thread that was cloned without libc may have none: on x86-64 it
 * is named by a register, and reading through it then would be an access to nothing.
 */
#ifndef MAPFRAY_THREAD_BASE_H
#define MAPFRAY_THREAD_BASE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the register itself can be read (thread_state.c). */
extern bool thread_base_is_readable __attribute__((visibility("hidden")));

/* As libc lays it out; NULL: none. Does not enter libc. */
static inline const uint64_t *thread_base(void)
{
#if defined(__x86_64__)
	uint64_t base;
	if (__builtin_expect(thread_base_is_readable, 1)) {
		__asm__ volatile("rdfsbase %0" : "=r"(base));
		return (const uint64_t *)base;
	}
#endif
	return (const uint64_t *)__builtin_thread_pointer();
}

#endif

#define _GNU_SOURCE
#include "stack_order.h"

#include <signal.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

enum {
	FARTHEST = 8 << 20,
	NEAREST = 1024, /* the kernel saves more for a handler (Linux arch/x86/kernel/fpu/signal.c) */
};

/* The handlers' own stack, while it is in use. */
static bool is_on_other(stack_t *other)
{
	return raw_syscall2(SYS_sigaltstack, 0, (long)other) == 0 && other->ss_flags & SS_ONSTACK;
}

bool stack_interrupts(uint64_t here, uint64_t place)
{
	stack_t other = {0};
	if (place > here && place - here >= NEAREST && place - here < FARTHEST)
		return true;
	return is_on_other(&other) && place - (uint64_t)other.ss_sp > other.ss_size;
}

bool stack_has_left(uint64_t here, uint64_t place)
{
	return here + NEAREST > place && here + NEAREST - place < FARTHEST && !is_on_other(&(stack_t){0});
}

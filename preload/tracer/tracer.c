#define _GNU_SOURCE
#include "tracer.h"

#include <sys/syscall.h>

#include "thread_state.h"

struct tracer tracer = {.maps = -1};

static bool libc_has_numbers; /* of its threads, where they are expected */

/* Where glibc keeps a thread's number: its threads are born with it. 0: not where it is expected. */
static uint32_t number_in_libc(void)
{
	enum { PLACE = 720 }; /* struct pthread's `tid`, x86-64, all of glibc 2.x */
	const volatile uint32_t *number = (const volatile uint32_t *)((const char *)thread_base() + PLACE);
	return libc_has_numbers && thread_has_storage() ? *number : 0;
}

void tracer_learn_from_libc(void)
{
	libc_has_numbers = true;
	libc_has_numbers = number_in_libc() == tracer.process;
}

static uint32_t ask_for_thread(void)
{
	long number = raw_syscall0(SYS_gettid);
	return number > 0 ? (uint32_t)number : number_in_libc();
}

uint32_t tracer_thread(void)
{
	struct thread_state *state = thread_state();
	if (!state->number) {
		state->number = ask_for_thread();
		if (state->number != tracer.process)
			tracer.has_threads = true;
	}
	return state->number;
}

void tracer_forget_thread(void)
{
	thread_state()->number = 0;
}

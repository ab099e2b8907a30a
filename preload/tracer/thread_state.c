#define _GNU_SOURCE
#include "thread_state.h"

#include <sys/auxv.h>
#include <sys/syscall.h>

#include "raw_syscall.h"
#include "table.h"
#include "unwind.h"

__thread struct thread_state thread_state_in_storage;

bool thread_base_is_readable;

/* Since Linux 5.9 (arch/x86/include/uapi/asm/hwcap2.h). Valgrind has no word for the instruction. */
void thread_state_start(void)
{
#if defined(__x86_64__)
	enum { HWCAP2_FSGSBASE = 2 };
	thread_base_is_readable = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) && !mf_unwind_is_on_valgrind();
#endif
}

enum { PLACES = 512 };

struct place {
	uint32_t thread; /* 0: free. Nobody gives a place back: the program's threads live long */
	struct thread_state state;
};

MF_TABLE(struct place, places, PLACES)

/* The place of a thread; the last one is for all that find none. */
static struct place *place_of(uint32_t thread)
{
	struct place *all = places();
	for (uint32_t i = 0, at = thread; i < PLACES - 1; i++, at++) {
		struct place *place = &all[at % (PLACES - 1)];
		uint32_t owner = 0;
		if (__atomic_compare_exchange_n(&place->thread, &owner, thread, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    owner == thread)
			return place;
	}
	all[PLACES - 1].state.is_shared = true;
	return &all[PLACES - 1];
}

struct thread_state *thread_state_in_table(void)
{
	return &place_of((uint32_t)raw_syscall0(SYS_gettid))->state;
}

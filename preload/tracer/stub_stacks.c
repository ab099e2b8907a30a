#define _GNU_SOURCE
#include "stub_stacks.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "log.h"
#include "raw_syscall.h"

/* The assembly entry's. */
__attribute__((visibility("hidden"))) uint64_t stub_stacks;	 /* where they begin; 0: there are none */
__attribute__((visibility("hidden"))) uint64_t stub_stacks_free; /* bit n: stack n */

uint64_t stub_stacks_start(void)
{
	return stub_stacks;
}

bool stub_stacks_map(void)
{
	_Static_assert(STUB_STACK_SIZE == 1 << 15, "STACK_SHIFT of stub_entry_*.S");
	long size = STUB_STACKS * STUB_STACK_SIZE;
	if (stub_stacks)
		return true;
	long start =
	    raw_syscall6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start < 0)
		return false;
	/* A flag keeps them apart from the program's memory. */
	raw_syscall3(SYS_madvise, start, size, MADV_DONTDUMP);
	log_add_own_range((const void *)start, (size_t)size);
	stub_stacks = (uint64_t)start;
	stub_stacks_free = (1ULL << STUB_STACKS) - 1;
	return true;
}

#define _GNU_SOURCE
#include "stub_stacks.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "call_record.h"
#include "tracer.h"

/* The assembly entry's. */
__attribute__((visibility("hidden"))) uint64_t stub_stacks;	 /* where they begin; 0: there are none */
__attribute__((visibility("hidden"))) uint64_t stub_stacks_free; /* bit n: stack n */

enum { SIZE = STUB_STACKS * STUB_STACK_SIZE };

/* Their place among the library's constants: wherever they are mapped, the program's memory stays where it
 * would be without them. A section of its own, because a child's are its own (tables.c: those are shared). */
static const char place[SIZE] __attribute__((section("mf_stacks"), aligned(4096)));
_Static_assert(SIZE % 4096 == 0, "the section is whole pages");
_Static_assert(STUB_STACK_SIZE == 1 << 14, "STACK_SHIFT of stub_entry_*.S");

static bool map(uint64_t start)
{
	struct call call = {.number = SYS_mmap,
			    .caught = MF_CALL_IN_TRACER,
			    .arguments = {start, SIZE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0ULL, 0}};
	const uint64_t *a = call.arguments;
	uint64_t begin = tracer_now();
	long result =
	    raw_syscall6(SYS_mmap, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
	if (result != (long)start)
		return false;
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING)
		call_write_own(&call, result, begin, tracer_now());
	return true;
}

bool stub_stacks_map(void)
{
	uint64_t start = (uint64_t)place;
	if (stub_stacks)
		return true;
	if (!map(start))
		return false;
	stub_stacks_free = (1ULL << STUB_STACKS) - 1;
	stub_stacks = start;
	return true;
}

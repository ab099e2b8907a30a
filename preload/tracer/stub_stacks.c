#define _GNU_SOURCE
#include "stub_stacks.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "call_record.h"
#include "tracer.h"

/* The assembly entry's. */
__attribute__((visibility("hidden"))) uint64_t stub_stacks;	 /* where they begin; 0: there are none */
__attribute__((visibility("hidden"))) uint64_t stub_stacks_free; /* bit n: stack n */

/* Likewise. What a child that has its memory from its parent takes and does not bring back, because it
 * executes or ends: the kernel writes a zero over its number then (kernel/fork.c, mm_release). */
__attribute__((visibility("hidden"))) uint64_t stub_stacks_lent; /* bit n: stack n */
__attribute__((visibility("hidden"))) uint32_t stub_stacks_borrowers[STUB_STACKS];

/* Likewise: calls for which there was none in time. */
__attribute__((visibility("hidden"))) uint64_t stub_stacks_missed;

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

/* Which of them this is called on; STUB_STACKS: none. */
static size_t own_stack(void)
{
	uint64_t at = (uint64_t)__builtin_frame_address(0) - stub_stacks;
	return stub_stacks && at < SIZE ? at / STUB_STACK_SIZE : STUB_STACKS;
}

struct stub_loan stub_stack_lend(void)
{
	struct stub_loan loan = {.stack = own_stack()};
	long process = raw_syscall0(SYS_getpid);
	if (loan.stack == STUB_STACKS || process == (long)tracer.process)
		return (struct stub_loan){.stack = STUB_STACKS};
	uint32_t *borrower = &stub_stacks_borrowers[loan.stack];
	raw_syscall2(SYS_prctl, PR_GET_TID_ADDRESS, (long)&loan.address);
	__atomic_store_n(borrower, (uint32_t)process, __ATOMIC_RELEASE);
	if (raw_syscall1(SYS_set_tid_address, (long)borrower) < 0)
		return (struct stub_loan){.stack = STUB_STACKS};
	__atomic_fetch_or(&stub_stacks_lent, 1ULL << loan.stack, __ATOMIC_RELEASE);
	return loan;
}

void stub_stack_take_back(const struct stub_loan *loan)
{
	if (loan->stack == STUB_STACKS)
		return;
	__atomic_fetch_and(&stub_stacks_lent, ~(1ULL << loan->stack), __ATOMIC_RELEASE);
	raw_syscall1(SYS_set_tid_address, (long)loan->address);
}

void stub_stacks_count_missed(void)
{
	uint64_t missed = __atomic_load_n(&stub_stacks_missed, __ATOMIC_RELAXED);
	if (__builtin_expect(missed == 0, 1))
		return;
	missed = __atomic_exchange_n(&stub_stacks_missed, 0, __ATOMIC_RELAXED);
	mf_ring_miss(&tracer.ring, missed);
}

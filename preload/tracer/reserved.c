/*
 * A piece of a reservation was never writable, so it was never written. Behind it lies more of the same,
 * which has other rights, before it the piece that came last, or the reservation's own beginning: the piece
 * merges with that one if their flags are equal, whether that one was written or not
 * (is_mergeable_anon_vma). So no question is needed. A reservation of 64 MiB, which is an arena of malloc,
 * may take hundreds of such calls.
 *
 * Kept in a table with a word for each 64 MiB: where the usable part ends, and how much of the reservation
 * there is behind. A call that touches this or the last page of the usable part makes the tracer forget it.
 */
#define _GNU_SOURCE
#include "reserved.h"

#include <sys/mman.h>

#include "thread_state.h"
#include "work_range.h"

enum {
	PAGE_BITS = 12,
	BLOCK_BITS = RESERVED_BLOCK_BITS - PAGE_BITS, /* of pages */
	BLOCKS = 3, /* of a reservation that are kept: malloc cuts an arena from two, which lie in three */
	COUNT_BITS = BLOCK_BITS + 1,
};

/* Pages. What is reserved goes on behind `end` or not: the piece that ends there is not settled. */
struct reserved {
	uint64_t start, end;
	bool is_begun; /* the page before `start` was a piece of it */
};

uint64_t reserved_slots[RESERVED_SLOTS]; /* start << 16 | count << 1 | is_begun; 0: none */
bool reserved_is_any;

static uint64_t packed(struct reserved reserved)
{
	return reserved.start >= reserved.end ? 0
					      : reserved.start << (COUNT_BITS + 1) |
						    (reserved.end - reserved.start) << 1 | reserved.is_begun;
}

static struct reserved unpacked(uint64_t word)
{
	uint64_t start = word >> (COUNT_BITS + 1), count = word >> 1 & ((1 << COUNT_BITS) - 1);
	return (struct reserved){start, start + count, word & 1};
}

static uint64_t *slot_of(uint64_t page)
{
	return &reserved_slots[(page >> BLOCK_BITS) % RESERVED_SLOTS];
}

void reserved_start(void)
{
	for (size_t i = 0; i < RESERVED_SLOTS; i++)
		__atomic_store_n(&reserved_slots[i], 0, __ATOMIC_RELAXED);
}

static uint64_t pages(uint64_t length)
{
	return (length >> PAGE_BITS) + !!(length & ((1 << PAGE_BITS) - 1));
}

void reserved_add(const uint64_t arguments[6], uint64_t result)
{
	if (!(arguments[3] & MAP_ANONYMOUS) ||
	    (arguments[3] & (MAP_TYPE | MAP_GROWSDOWN | MAP_HUGETLB)) != MAP_PRIVATE)
		return;
	uint64_t start = result >> PAGE_BITS, end = start + pages(arguments[1]);
	for (size_t i = 0; i < BLOCKS && start < end; i++) {
		uint64_t block_end = ((start >> BLOCK_BITS) + 1) << BLOCK_BITS;
		struct reserved reserved = {start, end < block_end ? end : block_end, false};
		__atomic_store_n(slot_of(start), packed(reserved), __ATOMIC_RELAXED);
		start = block_end;
	}
	__atomic_store_n(&reserved_is_any, true, __ATOMIC_RELEASE);
}

/* Takes a piece off the reservation if it lies amidst of it; whether it has the reservation on both sides. */
static bool take(uint64_t start, uint64_t end, bool *is_settled)
{
	uint64_t *slot = slot_of(start), word = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	struct reserved reserved = unpacked(word), rest = {end, reserved.end, true};
	if (start < reserved.start || start >= end || end >= reserved.end)
		return false;
	*is_settled = start > reserved.start || reserved.is_begun;
	return __atomic_compare_exchange_n(slot, &word, packed(rest), false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static void forget_slot(uint64_t *slot, uint64_t start, uint64_t end)
{
	uint64_t word = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	struct reserved reserved = unpacked(word);
	while (word && start < reserved.end && end > reserved.start - reserved.is_begun &&
	       !__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		reserved = unpacked(word);
}

/* `end` belongs to what begins there: the last page of its usable part lies before. */
static void forget(uint64_t start, uint64_t end)
{
	uint64_t block = start >> BLOCK_BITS, last = end >> BLOCK_BITS;
	for (size_t i = 0; i < RESERVED_SLOTS && start < end && block <= last; i++, block++)
		forget_slot(&reserved_slots[block % RESERVED_SLOTS], start, end);
}

static bool is_piece(const uint64_t arguments[6], enum mf_call_number kind)
{
	const uint64_t usable = PROT_READ | PROT_WRITE;
	if (kind == MF_CALL_MPROTECT)
		return arguments[2] == usable;
	return kind == MF_CALL_MMAP && arguments[2] == usable &&
	       (arguments[3] & ~(uint64_t)MAP_NORESERVE) == (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
}

/* All that the call may change, but for what it takes off a reservation. */
static void forget_work(const struct call *call, enum mf_call_number kind)
{
	struct work_range ranges[WORK_RANGES];
	if (kind == MF_CALL_PROCESS_MADVISE)
		reserved_start();
	work_ranges_of(call, kind, ranges);
	for (int i = 0; i < WORK_RANGES; i++)
		forget(ranges[i].start >> PAGE_BITS, ranges[i].end >> PAGE_BITS);
}

void reserved_look(const struct call *call, enum mf_call_number kind)
{
	const uint64_t *arguments = call->arguments;
	uint64_t start = arguments[0] >> PAGE_BITS, end = start + pages(arguments[1]);
	bool is_settled = false;
	if (!is_piece(arguments, kind) || !take(start, end, &is_settled))
		forget_work(call, kind);
	else if (is_settled)
		thread_state()->settled = arguments[0];
}

bool reserved_settles(const uint64_t arguments[6])
{
	struct thread_state *state = thread_state();
	bool settles = state->settled && state->settled == arguments[0];
	state->settled = 0;
	return settles;
}

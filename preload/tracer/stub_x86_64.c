/* Finds `b8 NR 00 00 00 0f 05` (mov $NR, %eax; syscall) and turns the move into `e9 rel32` (jmp). */
#if defined(__x86_64__)
#include "stub_arch.h"

#include <emmintrin.h>

enum { MOVE_SIZE = 5, ENTRY_SIZE = 16 };

extern const char stub_entries[]; /* STUBS_MAX entries of ENTRY_SIZE bytes, in stub_entry_x86_64.S */

/* A byte 0x40 to 0x4F before the move may be its REX prefix: then it loads r8d, or eight bytes. Such a place is left
 * alone, although the byte may as well end another instruction. */
static bool is_pair(const uint8_t *at, bool has_before)
{
	return at[0] == 0xB8 && at[3] == 0 && at[4] == 0 && !(has_before && (at[-1] & 0xF0) == 0x40);
}

/* The next `0f 05` in [from, end), 16 places at a time. The vector registers are the caller's to lose: this runs in
 * the constructor, or below a call of mmap, across which no vector register lives. */
__attribute__((target("sse2"))) static uint64_t find_syscall(uint64_t from, uint64_t end)
{
	const __m128i first = _mm_set1_epi8(0x0F), second = _mm_set1_epi8(0x05);
	for (; from + 17 <= end; from += 16) {
		__m128i low = _mm_loadu_si128((const __m128i *)from);
		__m128i high = _mm_loadu_si128((const __m128i *)(from + 1));
		__m128i both = _mm_and_si128(_mm_cmpeq_epi8(low, first), _mm_cmpeq_epi8(high, second));
		int hits = _mm_movemask_epi8(both);
		if (hits)
			return from + (uint64_t)__builtin_ctz((unsigned)hits);
	}
	for (; from + 2 <= end; from++)
		if (((const uint8_t *)from)[0] == 0x0F && ((const uint8_t *)from)[1] == 0x05)
			return from;
	return end;
}

bool stub_find(uint64_t from, uint64_t end, struct stub *found)
{
	uint64_t least = from;
	for (uint64_t at = from; (at = find_syscall(at, end)) < end; at += 2) {
		if (at < least + MOVE_SIZE || !is_pair((const uint8_t *)at - MOVE_SIZE, at > least + MOVE_SIZE))
			continue;
		uint32_t number;
		__builtin_memcpy(&number, (const void *)(at - MOVE_SIZE + 1), 4);
		*found = (struct stub){.address = at - MOVE_SIZE, .return_to = at + 2, .number = number};
		return true;
	}
	return false;
}

size_t stub_patch(const struct stub *stub, size_t index, uint8_t bytes[STUB_PATCH_MAX])
{
	int64_t distance = (int64_t)((uint64_t)stub_entries + index * ENTRY_SIZE - (stub->address + MOVE_SIZE));
	if (distance != (int32_t)distance)
		return 0;
	int32_t near = (int32_t)distance;
	bytes[0] = 0xE9;
	__builtin_memcpy(bytes + 1, &near, 4);
	return MOVE_SIZE;
}
#endif

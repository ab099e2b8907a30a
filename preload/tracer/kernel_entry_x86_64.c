#if defined(__x86_64__)
#include "kernel_entry.h"

#include <emmintrin.h>

/* A byte other than 0 wherever `0f 05` or `cd 80` begins in the 16 bytes at `at`. */
__attribute__((target("sse2"))) static inline __m128i entries_at(uint64_t at)
{
	__m128i low = _mm_loadu_si128((const __m128i *)at);
	__m128i high = _mm_loadu_si128((const __m128i *)(at + 1));
	__m128i syscalls = _mm_and_si128(_mm_cmpeq_epi8(low, _mm_set1_epi8(0x0F)),
					 _mm_cmpeq_epi8(high, _mm_set1_epi8(0x05)));
	__m128i gates = _mm_and_si128(_mm_cmpeq_epi8(low, _mm_set1_epi8((char)0xCD)),
				      _mm_cmpeq_epi8(high, _mm_set1_epi8((char)0x80)));
	return _mm_or_si128(syscalls, gates);
}

/* Skips 64 bytes at a time in which there is none. */
__attribute__((target("sse2"))) static uint64_t skip_blocks(uint64_t from, uint64_t end)
{
	for (; from + 65 <= end; from += 64) {
		__m128i near = _mm_or_si128(entries_at(from), entries_at(from + 16));
		__m128i far = _mm_or_si128(entries_at(from + 32), entries_at(from + 48));
		if (_mm_movemask_epi8(_mm_or_si128(near, far)))
			break;
	}
	return from;
}

__attribute__((target("sse2"))) uint64_t kernel_entry_find(uint64_t from, uint64_t end)
{
	for (from = skip_blocks(from, end); from + 17 <= end; from += 16) {
		int hits = _mm_movemask_epi8(entries_at(from));
		if (hits)
			return from + (uint64_t)__builtin_ctz((unsigned)hits);
	}
	for (; from + 2 <= end; from++)
		if (kernel_entry_is_syscall(from) || kernel_entry_is_gate(from))
			return from;
	return end;
}

static bool begins(uint64_t at, uint8_t low, uint8_t high)
{
	return ((const uint8_t *)at)[0] == low && ((const uint8_t *)at)[1] == high;
}

bool kernel_entry_is_syscall(uint64_t at)
{
	return begins(at, 0x0F, 0x05);
}

bool kernel_entry_is_gate(uint64_t at)
{
	return begins(at, 0xCD, 0x80);
}
#endif

/*
 * Copies and clears words. Compilers turn struct assignments and plain loops into calls of libc's memcpy and
 * memset, which nothing in a walk may enter: they may not be bound yet, and they change vector registers.
 */
#ifndef MF_WORDS_H
#define MF_WORDS_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) mf_any_word;

/* `size` is in bytes, a multiple of 8; so are the alignments. */
static inline void mf_copy_words(void *to, const void *from, size_t size)
{
	for (size_t each = 0; each < size / 8; each++) {
		uint64_t word = ((const mf_any_word *)from)[each];

		__asm__ volatile("" : "+r"(word)); /* no loop that a compiler knows */
		((mf_any_word *)to)[each] = word;
	}
}

static inline void mf_clear_words(void *to, size_t size)
{
	for (size_t each = 0; each < size / 8; each++) {
		uint64_t zero = 0;

		__asm__ volatile("" : "+r"(zero));
		((mf_any_word *)to)[each] = zero;
	}
}

#endif

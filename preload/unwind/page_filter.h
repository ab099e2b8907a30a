/*
 * Which pages something is cached about: answers "surely not" in a few ns, so that forgetting a range about
 * which nothing is known costs nothing. A lock-free Bloom filter; 512 neighbouring pages share a cache line.
 *
 * Rule for its users: add the page before publishing what is cached, and on a hit clear the filter before
 * making the cached things stale. Then nothing valid is ever missing from the filter. Never enters libc.
 */
#ifndef MF_PAGE_FILTER_H
#define MF_PAGE_FILTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MF_PAGE_SHIFT	   12
#define MF_PAGE_SIZE	   (1 << MF_PAGE_SHIFT)
#define MF_FILTER_LINES	   128
#define MF_FILTER_WORDS_MAX 4096 /* words looked at before a range (1 GiB) is taken for a hit */

struct mf_page_filter {
	_Atomic uint64_t words[MF_FILTER_LINES][8];
};

static inline uint64_t mf_mix(uint64_t value)
{
	return value * UINT64_C(0x9E3779B97F4A7C15);
}

static inline _Atomic uint64_t *mf_filter_word(struct mf_page_filter *filter, uint64_t page)
{
	return &filter->words[mf_mix(page >> 9) >> 57][page >> 6 & 7];
}

static inline void mf_filter_add(struct mf_page_filter *filter, uint64_t page)
{
	_Atomic uint64_t *word = mf_filter_word(filter, page);
	uint64_t bit = UINT64_C(1) << (page & 63);

	if (!(atomic_load(word) & bit))
		atomic_fetch_or(word, bit);
}

/* The bits of `page`'s word that stand for pages from `page` up to `last`. */
static inline uint64_t mf_filter_mask(uint64_t page, uint64_t last)
{
	uint64_t mask = ~UINT64_C(0) << (page & 63);

	return page >> 6 == last >> 6 ? mask & ~UINT64_C(0) >> (63 - (last & 63)) : mask;
}

/* Whether something may be cached about [start, end). */
static inline bool mf_filter_hits(struct mf_page_filter *filter, uint64_t start, uint64_t end)
{
	uint64_t page = start >> MF_PAGE_SHIFT, last = (end - 1) >> MF_PAGE_SHIFT;

	if (end <= start)
		return false;
	if ((last >> 6) - (page >> 6) >= MF_FILTER_WORDS_MAX)
		return true;
	for (; page <= last; page = (page | 63) + 1)
		if (atomic_load(mf_filter_word(filter, page)) & mf_filter_mask(page, last))
			return true;
	return false;
}

static inline void mf_filter_clear(struct mf_page_filter *filter)
{
	for (int line = 0; line < MF_FILTER_LINES; line++)
		for (int word = 0; word < 8; word++)
			if (atomic_load(&filter->words[line][word]))
				atomic_store(&filter->words[line][word], 0);
}

#endif

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

#define MF_PAGE_SHIFT	     12
#define MF_PAGE_SIZE	     (1 << MF_PAGE_SHIFT)
#define MF_FILTER_LINES	     128
#define MF_FILTER_CHUNKS_MAX 2048 /* chunks looked at before a range (4 GiB) is taken for a hit */

struct mf_page_filter {
	_Atomic uint64_t chunks[64]; /* a bit for every 512 pages, so that large ranges take large steps */
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

static inline _Atomic uint64_t *mf_filter_chunk(struct mf_page_filter *filter, uint64_t chunk, uint64_t *bit)
{
	uint64_t hash = mf_mix(chunk) >> 52;

	*bit = UINT64_C(1) << (hash & 63);
	return &filter->chunks[hash >> 6];
}

static inline void mf_filter_set(_Atomic uint64_t *word, uint64_t bit)
{
	if (!(atomic_load(word) & bit))
		atomic_fetch_or(word, bit);
}

static inline void mf_filter_add(struct mf_page_filter *filter, uint64_t page)
{
	uint64_t bit;
	_Atomic uint64_t *chunk = mf_filter_chunk(filter, page >> 9, &bit);

	mf_filter_set(chunk, bit);
	mf_filter_set(mf_filter_word(filter, page), UINT64_C(1) << (page & 63));
}

/* The bits of `page`'s word that stand for pages from `page` up to `last`. */
static inline uint64_t mf_filter_mask(uint64_t page, uint64_t last)
{
	uint64_t mask = ~UINT64_C(0) << (page & 63);

	return page >> 6 == last >> 6 ? mask & ~UINT64_C(0) >> (63 - (last & 63)) : mask;
}

static inline bool mf_filter_words_hit(struct mf_page_filter *filter, uint64_t page, uint64_t last)
{
	for (; page <= last; page = (page | 63) + 1)
		if (atomic_load(mf_filter_word(filter, page)) & mf_filter_mask(page, last))
			return true;
	return false;
}

/* Whether something may be cached about [start, end). */
static inline bool mf_filter_hits(struct mf_page_filter *filter, uint64_t start, uint64_t end)
{
	uint64_t page = start >> MF_PAGE_SHIFT, last = (end - 1) >> MF_PAGE_SHIFT, bit;

	if (end <= start)
		return false;
	if ((last >> 9) - (page >> 9) >= MF_FILTER_CHUNKS_MAX)
		return true;
	for (; page <= last; page = (page | 511) + 1) {
		uint64_t chunk_last = (page | 511) < last ? page | 511 : last;
		_Atomic uint64_t *chunk = mf_filter_chunk(filter, page >> 9, &bit);

		if (atomic_load(chunk) & bit && mf_filter_words_hit(filter, page, chunk_last))
			return true;
	}
	return false;
}

static inline void mf_filter_clear_words(_Atomic uint64_t *words, int count)
{
	for (int each = 0; each < count; each++)
		if (atomic_load(&words[each]))
			atomic_store(&words[each], 0);
}

static inline void mf_filter_clear(struct mf_page_filter *filter)
{
	mf_filter_clear_words(filter->chunks, 64);
	for (int line = 0; line < MF_FILTER_LINES; line++)
		mf_filter_clear_words(filter->words[line], 8);
}

#endif

/* The proved pages: a table of page numbers, each tagged with the generation in which it was proved. */
#include "readable.h"

#include "arch.h"
#include "page_filter.h"
#include "table.h"
#include "unwind.h"

#define PAGE_SLOTS	4096
#define GENERATION_BITS 19 /* with 45 bits of page number: 57-bit addresses */
#define GENERATION_MASK ((1u << GENERATION_BITS) - 1)
#define PROVE_PAGES_MAX 4 /* a walk never needs more at once */

MF_TABLE(_Atomic uint64_t, proved_tags, PAGE_SLOTS)
static _Atomic uint32_t generation = 1;
static struct mf_page_filter proved_pages;
static _Atomic bool is_confined;

/* Neighbours side by side: most programs have few stacks, and every page of the table that is touched takes
 * two microseconds. */
static _Atomic uint64_t *slot_of(uint64_t page)
{
	return &proved_tags()[(page ^ page >> 12) % PAGE_SLOTS];
}

static bool prove_page(uint64_t page)
{
	uint32_t now = atomic_load(&generation) & GENERATION_MASK;
	_Atomic uint64_t *slot = slot_of(page);
	uint64_t tagged = page << GENERATION_BITS | now;

	if (atomic_load_explicit(slot, memory_order_relaxed) == tagged)
		return true;
	if (page == 0 || atomic_load_explicit(&is_confined, memory_order_relaxed) ||
	    !mf_arch_probe(page << MF_PAGE_SHIFT))
		return false;
	mf_filter_add(&proved_pages, page);
	atomic_store(slot, tagged);
	return true;
}

static void add_to_window(struct mf_window *window, uint64_t start, uint64_t end)
{
	if (start == window->end)
		window->end = end;
	else if (end == window->start)
		window->start = start;
	else if (start < window->start || end > window->end)
		*window = (struct mf_window){start, end};
}

void mf_unwind_confine(void)
{
	atomic_store(&is_confined, true);
}

bool mf_readable_prove(struct mf_window *window, uint64_t start, uint64_t end)
{
	uint64_t page = start >> MF_PAGE_SHIFT, last = (end - 1) >> MF_PAGE_SHIFT;

	if (end <= start || last - page >= PROVE_PAGES_MAX)
		return false;
	for (uint64_t each = page; each <= last; each++)
		if (!prove_page(each))
			return false;
	add_to_window(window, page << MF_PAGE_SHIFT, (last + 1) << MF_PAGE_SHIFT);
	return true;
}

bool mf_unwind_can_read(uint64_t start, uint64_t end)
{
	return mf_readable_prove(&(struct mf_window){0}, start, end);
}

void mf_readable_forget(uint64_t start, uint64_t end)
{
	if (!mf_filter_hits(&proved_pages, start, end))
		return;
	mf_filter_clear(&proved_pages);
	if ((atomic_fetch_add(&generation, 1) + 1) & GENERATION_MASK)
		return;
	/* The tags come round again: nothing of the last round may be left. */
	for (int slot = 0; slot < PAGE_SLOTS; slot++)
		atomic_store(&proved_tags()[slot], 0);
}

#define _GNU_SOURCE
#include "stub_search.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "hooks.h"
#include "stub_window.h"
#include "tracer.h"

static bool concerns(uint64_t number)
{
	return number < 512 && (hook_syscall_interest[number] || number == SYS_execve ||
				number == SYS_execveat || number == SYS_clone);
}

static struct stub_findings *findings_of(const struct stub_search *search)
{
	return (struct stub_findings *)search->buffer->bytes;
}

/* Whether the stub is still where it was found. */
static bool is_there(const struct stub_search *search, uint32_t place, struct stub *stub)
{
	uint64_t size = search->end - search->start;
	return size >= 2 && place <= size - 2 && stub_at(search->start, search->start + place, stub) &&
	       stub->address && (stub->number == STUB_NUMBER_UNKNOWN || concerns(stub->number));
}

static bool remembers(struct stub_search *search)
{
	struct stub_findings *findings = findings_of(search);
	struct stub stub;
	if (!stub_cache_find(&search->origin, findings))
		return false;
	for (uint32_t i = 0; i < findings->count; i++)
		if (!is_there(search, findings->places[i], &stub))
			return false;
	search->uncovered = findings->uncovered;
	return true;
}

void stub_search_begin(struct stub_search *search, const struct stub_origin *origin, uint64_t start,
		       uint64_t end, struct code_test test)
{
	*search = (struct stub_search){.origin = *origin,
				       .start = start,
				       .end = end,
				       .at = start,
				       .buffer = scratch_take(),
				       .test = test};
	search->is_known = search->buffer && remembers(search);
	if (search->buffer && !search->is_known)
		findings_of(search)->count = 0;
}

static bool next_known(struct stub_search *search, struct stub *stub)
{
	struct stub_findings *findings = findings_of(search);
	return search->next < findings->count && is_there(search, findings->places[search->next++], stub);
}

/* Behind the last place there is room for, only the count goes on. */
static void note(struct stub_search *search, const struct stub *stub)
{
	struct stub_findings *findings = search->buffer ? findings_of(search) : NULL;
	if (findings && findings->count < STUB_PLACES_MAX)
		findings->places[findings->count] = (uint32_t)(stub->return_to - 2 - search->start);
	if (findings)
		findings->count++;
}

/* Of a stub whose number is computed: whether it can be redirected all the same. */
static bool is_safe(struct stub_search *search, const struct stub *stub)
{
	uint64_t place = stub->return_to - 2;
	struct mf_range all = {search->start, search->end}, function;
	bool is_code = search->test.is_code(search->test.object, place, &function);
	if (is_code && stub->address && stub_window_is_sound(&all, &function, stub->address, place))
		return true;
	search->uncovered.computed += is_code || !stub->is_doubtful;
	return false;
}

static bool count_gate(struct stub_search *search, const struct stub *stub)
{
	struct mf_range function;
	search->uncovered.gates += search->test.is_code(search->test.object, stub->return_to - 2, &function);
	return false;
}

static bool is_for_us(struct stub_search *search, const struct stub *stub)
{
	if (stub->is_gate)
		return count_gate(search, stub);
	if (stub->number == STUB_NUMBER_UNKNOWN)
		return is_safe(search, stub);
	if (!concerns(stub->number))
		return false;
	search->uncovered.computed += !stub->address;
	return stub->address != 0;
}

bool stub_search_next(struct stub_search *search, struct stub *stub)
{
	if (search->is_known)
		return next_known(search, stub);
	while (stub_find(search->start, search->at, search->end, stub)) {
		search->at = stub->return_to;
		if (!is_for_us(search, stub))
			continue;
		note(search, stub);
		return true;
	}
	return false;
}

void stub_search_end(struct stub_search *search)
{
	if (!search->buffer)
		return;
	struct stub_findings *findings = findings_of(search);
	findings->uncovered = search->uncovered;
	if (!search->is_known && findings->count <= STUB_PLACES_MAX)
		stub_cache_keep(&search->origin, findings);
	scratch_give(search->buffer);
}

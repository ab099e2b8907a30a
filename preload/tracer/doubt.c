/*
 * Two things decide the map and stand in no log: through which open file description a file was mapped, and
 * which private memory was written by now. The first is asked for always, as are mappings whose size the call
 * does not tell. The second matters to calls after which neighbours may merge (lowest.h and reserved.h
 * tell some that need no question), and nearly always the rule "what can be written is written at once" gives
 * the right answer: it is checked by some ten thousand answers, and then as long as they take little of the
 * program's time; more of it where the answers to one call site differ than where they are always the same.
 * Where calls of several threads ran at once, the answer also tells which of them came last.
 */
#define _GNU_SOURCE
#include "doubt.h"

#include <errno.h>

#include "advice.h"
#include "kernel_abi.h"
#include "lowest.h"
#include "observe.h"
#include "reserved.h"
#include "turns.h"
#include "work_range.h"

enum {
	ADVANCE = 1 << 16, /* answers that every process may have: on a slow machine as many */
	RESERVE =
	    1 << 15, /* further ones about what was there: who comes to the limit has spent the others */
	SHARE_OF_SAME = 64, /* of the time since the start, one part in so many may go into further ones */
	SHARE_OF_MIXED = 4, /* where the answers differ, enough for nearly all */
	LEARNING = 1 << 14, /* answers before the end of the advance: from then on is noted whether they do */
	SITES = 1 << 12,
	MIXED = 10000, /* equal answers until a call site where they differed counts as others do */
};

/* Nanoseconds spent on answers behind the advance, and what they are a part of. */
struct budget {
	uint64_t spent;
	uint64_t share;
};

static uint64_t started; /* ns */
static uint64_t answers; /* until ADVANCE is reached */
static uint64_t reserve; /* answers, until RESERVE is reached */
static struct budget same = {.share = SHARE_OF_SAME}, mixed = {.share = SHARE_OF_MIXED};
/* How many more answers count as mixed, and whether the latest showed a VMA of the call's own. */
struct site {
	uint16_t mixed : 14, is_known : 1, was_apart : 1;
};
_Static_assert(MIXED < 1 << 14, "a site holds it");
/* By backtrace and rights, or advice; some may share one, and nobody waits for another. */
static struct site sites[SITES];

void doubt_start(void)
{
	started = tracer_now();
	answers = 0;
	reserve = 0;
	same.spent = mixed.spent = 0;
}

static struct budget *budget_of(uint64_t site)
{
	return sites[site % SITES].mixed ? &mixed : &same;
}

bool doubt_affords(const struct doubt *doubt)
{
	if (__atomic_load_n(&answers, __ATOMIC_RELAXED) >= ADVANCE) {
		const struct budget *budget = budget_of(doubt->site);
		return __atomic_load_n(&budget->spent, __ATOMIC_RELAXED) <
		       (doubt->now - started) / budget->share;
	}
	__atomic_add_fetch(&answers, 1, __ATOMIC_RELAXED);
	return true;
}

void doubt_pay(const struct doubt *doubt)
{
	if (__atomic_load_n(&answers, __ATOMIC_RELAXED) >= ADVANCE)
		__atomic_add_fetch(&budget_of(doubt->site)->spent, tracer_now() - doubt->now,
				   __ATOMIC_RELAXED);
}

void doubt_learn(const struct doubt *doubt, const struct mf_observation *answer)
{
	if (__atomic_load_n(&answers, __ATOMIC_RELAXED) < ADVANCE - LEARNING)
		return;
	struct site site = sites[doubt->site % SITES];
	bool is_apart = answer->start == doubt->start && answer->end - answer->start == doubt->size;
	bool differs = site.is_known && site.was_apart != is_apart;
	sites[doubt->site % SITES] = (struct site){.mixed = differs ? MIXED : site.mixed - (site.mixed > 0),
						   .is_known = true,
						   .was_apart = is_apart};
}

/* Huge pages are a file's, also those that none was named for. */
static bool is_private_anonymous(const uint64_t arguments[6])
{
	return arguments[3] & MAP_ANONYMOUS && (arguments[3] & (MAP_TYPE | MAP_HUGETLB)) == MAP_PRIVATE;
}

static bool merges_neighbours(const uint64_t arguments[6], enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_MPROTECT:
	case MF_CALL_PKEY_MPROTECT:
	case MF_CALL_MLOCK:
	case MF_CALL_MLOCK2:
	case MF_CALL_MUNLOCK:
	case MF_CALL_MBIND:
	case MF_CALL_SET_MEMPOLICY_HOME_NODE:
	case MF_CALL_MSEAL:
	case MF_CALL_REMAP_FILE_PAGES:
	case MF_CALL_USERFAULTFD_REGISTER:
	case MF_CALL_USERFAULTFD_UNREGISTER:
		return true;
	case MF_CALL_MADVISE:
	case MF_CALL_PROCESS_MADVISE:
		return advice_effect(arguments[2]) == ADVICE_SETS_FLAGS;
	case MF_CALL_PRCTL:
		return arguments[0] == PR_SET_VMA;
	default:
		return false;
	}
}

static bool ask_about(struct doubt *doubt, uint64_t start, uint64_t length, bool names_file)
{
	doubt->start = start;
	doubt->end = start + length;
	doubt->size = length;
	doubt->names_file = names_file;
	return true;
}

/* Where an answer is not needed, only while it can be paid for. */
static bool ask_at_leisure(struct doubt *doubt, bool is_needed, uint64_t start, uint64_t length)
{
	if (!is_needed && !doubt_affords(doubt))
		return false;
	ask_about(doubt, start, length, false);
	doubt->is_paid_for = !is_needed;
	return true;
}

static bool ask_from_reserve(struct doubt *doubt, uint64_t start, uint64_t length)
{
	if (__atomic_load_n(&reserve, __ATOMIC_RELAXED) >= RESERVE)
		return false;
	__atomic_add_fetch(&reserve, 1, __ATOMIC_RELAXED);
	return ask_about(doubt, start, length, false);
}

/* Nothing may be there, or have arrived: then the next VMA tells. */
static bool ask_about_hole(struct doubt *doubt, uint64_t start, uint64_t length)
{
	ask_about(doubt, start, length, false);
	return doubt->may_be_gone = true;
}

static bool doubt_of_mapping(const uint64_t *arguments, long result, struct doubt *doubt)
{
	if (!is_private_anonymous(arguments))
		return ask_about(doubt, (uint64_t)result, 0, true);
	/* Between threads nobody knows which of the neighbours were written by now. */
	if (!ask_at_leisure(doubt, tracer.has_threads, (uint64_t)result, 1))
		return false;
	doubt->size = whole_pages(arguments[1]);
	return true;
}

/* Which argument is the start of the range, the length behind it. */
static int range_argument(enum mf_call_number kind)
{
	switch (kind) {
	case MF_CALL_PRCTL:
		return 2;
	case MF_CALL_USERFAULTFD_REGISTER:
	case MF_CALL_USERFAULTFD_UNREGISTER:
		return 1;
	default:
		return 0;
	}
}

/* A range in the middle of which VMAs may have merged, or not. */
static bool doubt_of_range(const uint64_t *arguments, enum mf_call_number kind, struct doubt *doubt)
{
	int first = range_argument(kind);
	uint64_t start = arguments[first], length = arguments[first + 1];
	return merges_neighbours(arguments, kind) &&
	       (ask_at_leisure(doubt, turn_overlapped(), start, length) ||
		ask_from_reserve(doubt, start, length));
}

/* Where mprotect came to before a VMA refused (a file system's noexec, a security module), or memory that the
 * kernel does not promise, of which no flag tells: the start of the last VMA with new rights, else of the
 * range. */
static uint64_t last_changed(uint64_t start, uint64_t length, uint64_t rights)
{
	enum {
		MOST = 4096,
		ALL = PROT_READ | PROT_WRITE | PROT_EXEC
	}; /* MF_VMA_READ and so on have the same bits */
	uint64_t last = start, at = start;
	struct mf_observation found;
	for (int i = 0; i < MOST && at < start + length && observe_range(at, &found); i++) {
		if (found.start > at || (found.rights & ALL) != (rights & ALL))
			break;
		last = at;
		at = found.end;
	}
	return last;
}

static bool doubt_of_refusal(const uint64_t *arguments, enum mf_call_number kind, struct doubt *doubt)
{
	if (!doubt_of_range(arguments, kind, doubt))
		return false;
	doubt->start = last_changed(arguments[0], arguments[1], arguments[2]);
	doubt->further = arguments[0]; /* what lies before it may have merged as well */
	return true;
}

/* A file that refuses to be mapped does so when what was there has gone. */
static bool doubt_of_removal(const uint64_t *arguments, struct doubt *doubt)
{
	return ask_about_hole(doubt, arguments[0], arguments[1]);
}

/* Where a move of several VMAs that leaves its source came to before one was refused, whose destination had
 * gone by then: the start of the destination of the VMA before it, else of all. */
static uint64_t last_arrived(const uint64_t *arguments)
{
	enum { MOST = 4096 };
	uint64_t at = arguments[0], end = at + arguments[1], distance = arguments[4] - at;
	uint64_t last = arguments[4];
	struct mf_observation from, to;
	for (int i = 0; i < MOST && at < end && observe_range(at, &from) && from.start < end; i++) {
		at = from.start > at ? from.start : at;
		if (!observe_range(at + distance, &to) || to.start > at + distance)
			return last;
		last = at + distance;
		at = from.end;
	}
	return arguments[4];
}

/* The destination goes before the move is refused, and so does the tail of what shrinks on the way. */
static bool doubt_of_move(const uint64_t *arguments, long result, struct doubt *doubt)
{
	uint64_t kept = whole_pages(arguments[2]);
	bool shrinks = kept < arguments[1];
	uint64_t start = shrinks ? arguments[0] + kept : arguments[4];
	uint64_t length = shrinks ? arguments[1] - kept : arguments[2];
	if (!ask_at_leisure(doubt, tracer.has_threads, start, length))
		return false;
	if (result == -ENOMEM && arguments[3] & MREMAP_DONTUNMAP)
		doubt->start = last_arrived(arguments);
	if (doubt->start != start)
		doubt->further = start;
	return doubt->may_be_gone = true;
}

/* Half a range may have been changed, or moved, before it failed. */
static bool doubt_of_failure(const uint64_t *arguments, enum mf_call_number kind, long result,
			     struct doubt *doubt)
{
	if (kind == MF_CALL_REMAP_FILE_PAGES || (kind == MF_CALL_MMAP && arguments[3] & MAP_FIXED))
		return doubt_of_removal(arguments, doubt);
	if (kind == MF_CALL_MREMAP && arguments[3] & MREMAP_FIXED)
		return doubt_of_move(arguments, result, doubt);
	if ((result == -EACCES || result == -ENOMEM) &&
	    (kind == MF_CALL_MPROTECT || kind == MF_CALL_PKEY_MPROTECT))
		return doubt_of_refusal(arguments, kind, doubt);
	return doubt_of_range(arguments, kind, doubt);
}

bool doubt_of(const struct call *call, enum mf_call_number kind, long result, struct doubt *doubt)
{
	const uint64_t *arguments = call->arguments;
	doubt->site += arguments[2];
	bool is_settled = reserved_is_any && reserved_settles(arguments);
	if (call_failed(result))
		return doubt_of_failure(arguments, kind, result, doubt);
	if (kind == MF_CALL_MMAP && arguments[2] == PROT_NONE)
		reserved_add(arguments, (uint64_t)result);
	if (lowest_settles(arguments, kind, (uint64_t)result) && !tracer.has_threads)
		return false;
	if (is_settled && !turn_overlapped())
		return false;
	switch (kind) {
	case MF_CALL_MMAP:
		return doubt_of_mapping(arguments, result, doubt);
	case MF_CALL_MREMAP:
		return ask_about(doubt, (uint64_t)result, arguments[2], false);
	case MF_CALL_SHMAT:
		return ask_about(doubt, (uint64_t)result, 0, true);
	case MF_CALL_IO_SETUP:
		/* It tells the address of its ring through a pointer. */
		return ask_about(doubt, *(const uint64_t *)arguments[1], 0, true);
	case MF_CALL_BRK:
		return arguments[0] && ask_at_leisure(doubt, false, (uint64_t)result - 1, 1);
	default:
		return doubt_of_range(arguments, kind, doubt);
	}
}

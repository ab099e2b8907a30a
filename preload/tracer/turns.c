/*
 * A baker's queue: who comes enters himself into a table, draws a number, and waits for those with lower
 * numbers who work on the same addresses. Nobody waits for a higher number, so no two wait for each other.
 */
#define _GNU_SOURCE
#include "turns.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "table.h"
#include "thread_state.h"
#include "visit.h"
#include "work_range.h"

enum {
	PLACES = 64,
	SPINS = 64,		     /* before the processor is given away */
	YIELDS = 64,		     /* before it is left to threads of lower priority as well */
	NAP = 50 * 1000,	     /* ns */
	PATIENCE = 50 * 1000 * 1000, /* ns */
	DRAWING = 1000 * 1000,	     /* ns; who draws his number later than that waits himself */
};

struct running {
	uint64_t number; /* 0: about to draw one */
	uint64_t thread;
	struct visit visit; /* a handler may have jumped out of it */
	bool is_last;	    /* no call, but the process's end: all wait for it, and it for all */
	struct work_range ranges[WORK_RANGES];
} __attribute__((aligned(64)));

MF_TABLE(struct running, running_calls, PLACES)
static uint64_t taken;	   /* bit n: place n of the table */
static uint64_t drawn;	   /* numbers, since there are threads */
static uint64_t unknown;   /* calls that run and stand in no place */
static uint64_t forgotten; /* the last number before a fork, of the parent's calls */

void turns_start(void)
{
	taken = 0;
	unknown = 0;
	forgotten = drawn;
}

static uint64_t own_thread(void)
{
	return (uint64_t)thread_state();
}

/* --- places --- */

/* A place of the table, near where the thread had its last one; -1: all are taken. */
static int take_place(uint64_t *others)
{
	uint64_t now = __atomic_load_n(&taken, __ATOMIC_RELAXED);
	int last = thread_state()->latest.place;
	while (~now) {
		uint64_t bit = now >> last & 1 ? ~now & (now + 1) : 1ULL << last;
		if (__atomic_compare_exchange_n(&taken, &now, now | bit, true, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED)) {
			*others = now;
			return __builtin_ctzll(bit);
		}
	}
	__atomic_add_fetch(&unknown, 1, __ATOMIC_RELAXED);
	*others = now;
	return -1;
}

static void give_place(int place)
{
	__atomic_fetch_and(&taken, ~(1ULL << place), __ATOMIC_RELEASE);
}

/* Takes the number out of its place if it is still there: its owner at the end, or who has waited too long.
 */
static bool remove_number(int place, uint64_t number)
{
	return __atomic_compare_exchange_n(&running_calls()[place].number, &number, 0, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void evict(int place, uint64_t number)
{
	if (!remove_number(place, number))
		return;
	__atomic_add_fetch(&unknown, 1, __ATOMIC_RELAXED);
	give_place(place);
}

/* Gives back the places of this thread's calls that a handler jumped out of. */
static void leave_abandoned(const struct visit *present)
{
	uint64_t places = __atomic_load_n(&taken, __ATOMIC_RELAXED);
	for (; places; places &= places - 1) {
		int place = __builtin_ctzll(places);
		const struct running *other = &running_calls()[place];
		uint64_t number = __atomic_load_n(&other->number, __ATOMIC_ACQUIRE);
		if (number && visit_was_left(present, &other->visit) && remove_number(place, number))
			give_place(place);
	}
}

/* --- waiting --- */

/* False after the time for it is over. */
static bool wait_a_little(unsigned *times, uint64_t *until)
{
	if (++*times < SPINS) {
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		return true;
	}
	uint64_t now = tracer_now();
	if (!*until)
		*until = now + PATIENCE;
	if (*times < SPINS + YIELDS)
		raw_syscall0(SYS_sched_yield);
	else
		raw_syscall2(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = NAP}, 0);
	return now < *until;
}

static bool is_taken(int place)
{
	return __atomic_load_n(&taken, __ATOMIC_ACQUIRE) >> place & 1;
}

/* The number at a place, once it is drawn; 0 if there is none. */
static uint64_t number_at(int place)
{
	const struct running *other = &running_calls()[place];
	uint64_t number, until = 0;
	unsigned times = 0;
	while (!(number = __atomic_load_n(&other->number, __ATOMIC_ACQUIRE)) && is_taken(place)) {
		until = until ? until : tracer_now() + DRAWING;
		if (!wait_a_little(&times, &until))
			return 0;
	}
	return number;
}

static bool disturb(const struct running *one, const struct running *other)
{
	return one->is_last || other->is_last || work_ranges_overlap(one->ranges, other->ranges);
}

/* Waits for the call at a place if it comes first and works on the same addresses; until then, or, where that
 * is 0, for PATIENCE. Not for one of this thread, whatever that was about when a handler interrupted it:
 * where a place still bears this thread's mark, its next owner has not drawn yet. */
static void let_pass(const struct running *own, uint64_t own_number, int place, uint64_t *until)
{
	const struct running *other = &running_calls()[place];
	unsigned times = 0;
	if (__atomic_load_n(&other->thread, __ATOMIC_ACQUIRE) == own->thread)
		return;
	uint64_t number = number_at(place);
	if (!number || number > own_number || !disturb(own, other))
		return;
	while (__atomic_load_n(&other->number, __ATOMIC_ACQUIRE) == number)
		if (!wait_a_little(&times, until))
			return evict(place, number);
}

/* The end of a process waits once for all. */
static void let_others_pass(const struct running *own, uint64_t own_number, int own_place)
{
	uint64_t others = __atomic_load_n(&taken, __ATOMIC_SEQ_CST) & ~(1ULL << own_place);
	uint64_t until = 0;
	for (; others; others &= others - 1) {
		let_pass(own, own_number, __builtin_ctzll(others), &until);
		until = own->is_last ? until : 0;
	}
}

/* --- a call --- */

/* The first call of a thread must know that it is not of the first thread. */
static bool has_threads(void)
{
	if (!tracer.has_threads)
		tracer_thread(); /* which notes it */
	return tracer.has_threads;
}

/* Calls that stand in no place, but the own one. */
static bool has_unknown(const struct turn *turn)
{
	return __atomic_load_n(&unknown, __ATOMIC_RELAXED) > (turn->place < 0);
}

/* Of no call: the last of all. */
static struct turn begin(const struct call *call, enum mf_call_number kind)
{
	struct turn turn = {.place = -1};
	uint64_t others;
	if (!has_threads())
		return turn;
	struct visit visit = visit_present();
	leave_abandoned(&visit);
	turn.place = take_place(&others);
	turn.overlaps = others || has_unknown(&turn);
	struct running *own = turn.place < 0 ? NULL : &running_calls()[turn.place];
	if (own) {
		own->thread = own_thread();
		own->visit = visit;
		own->is_last = !call;
		if (call)
			work_ranges_of(call, kind, own->ranges);
	}
	turn.number = __atomic_add_fetch(&drawn, 1, __ATOMIC_SEQ_CST);
	if (own) {
		__atomic_store_n(&own->number, turn.number, __ATOMIC_RELEASE);
		let_others_pass(own, turn.number, turn.place);
	}
	return turn;
}

struct turn turn_begin(const struct call *call, enum mf_call_number kind)
{
	return begin(call, kind);
}

struct turn turn_begin_last(void)
{
	struct turn turn = begin(NULL, 0);
	turn.overlaps = turn.number && (turn.place < 0 || has_unknown(&turn));
	return turn;
}

static bool is_evicted(const struct turn *turn)
{
	return turn->place >= 0 &&
	       __atomic_load_n(&running_calls()[turn->place].number, __ATOMIC_RELAXED) != turn->number;
}

void turn_end(struct turn *turn)
{
	if (turn->number > forgotten) {
		turn->was_overtaken = is_evicted(turn);
		turn->overlaps |=
		    turn->was_overtaken || __atomic_load_n(&drawn, __ATOMIC_RELAXED) != turn->number;
	}
	struct turn *latest = &thread_state()->latest;
	int place = turn->place < 0 ? latest->place : turn->place;
	*latest = *turn;
	latest->place = place;
}

void turn_leave(const struct turn *turn)
{
	if (turn->number <= forgotten)
		return;
	if (turn->place >= 0 && remove_number(turn->place, turn->number))
		give_place(turn->place);
	else
		__atomic_sub_fetch(&unknown, 1, __ATOMIC_RELAXED);
}

bool turn_overlapped(void)
{
	return thread_state()->latest.overlaps;
}

bool turn_is_alone(void)
{
	if (!tracer.has_threads)
		return true;
	const struct turn *latest = &thread_state()->latest;
	return latest->number && !latest->overlaps &&
	       __atomic_load_n(&drawn, __ATOMIC_RELAXED) == latest->number;
}

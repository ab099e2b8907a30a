#include "clock.h"

#include <sys/syscall.h>

#include "text.h"
#include "ticks.h"
#include "tracer.h"
#include "vdso.h"

enum {
	PIECES = 16,
	FIRST_SPAN = 1 << 26,	  /* ticks between the first two readings: 10 to 70 ms */
	LIFE = 125 * 1000 * 1000, /* ns after which the kernel's clock is asked again */
	GRACE = 2,		  /* lives that a piece may be used for, if it cannot be renewed */
	ERROR_MAX = LIFE / 8,	  /* ns beside the kernel's clock: then the counter is not what it seemed */
	READINGS = 4,
};

/* What both said at one instant. */
struct reading {
	uint64_t ticks, time;
};

/* The clock is a line that is bent now and then; each piece begins where the one before it is left. */
struct piece {
	uint64_t ticks, time;
	uint64_t rate; /* nanoseconds << 32 in a tick */
	uint64_t life; /* ticks */
};

static struct piece pieces[PIECES];
static uint64_t current;    /* the piece in use is pieces[current % PIECES]; 0: the kernel's clock is */
static bool is_usable;	    /* the counter, as far as is known */
static bool is_asked;	    /* which clock the kernel uses */
static bool is_forbidden;   /* the counter: who reads it is sent a SIGSEGV */
static bool is_busy;	    /* somebody makes the next piece */
static bool needs_kernel;   /* the vDSO cannot read the kernel's clock alone */
static uint64_t looked_at;  /* before the last filter was installed */
static uint64_t stopped_at; /* where it may not ask: the last time, and one more each time; else 0 */
static struct reading last;
static uint64_t last_rate; /* of the kernel's clock between the last two readings, or 0 */

static uint64_t kernel_time(void)
{
	if (__builtin_expect(stopped_at != 0, 0))
		return __atomic_add_fetch(&stopped_at, 1, __ATOMIC_RELAXED);
	return vdso_time(CLOCK_MONOTONIC);
}

/* The counter before the time, as near to each other as they come: a line through it is never behind. */
static struct reading read_both(void)
{
	struct reading best = {0};
	uint64_t least = UINT64_MAX;
	for (int i = 0; i < READINGS; i++) {
		uint64_t before = ticks_now(true), time = kernel_time(), took = ticks_now(true) - before;
		if (took < least) {
			best = (struct reading){before, time};
			least = took;
		}
	}
	return best;
}

static uint64_t time_at(const struct piece *piece, uint64_t ticks)
{
	return piece->time + ((ticks - piece->ticks) * piece->rate >> 32);
}

/* The time, if the piece in use is not older than so many lives, and nobody bent the line meanwhile. */
static inline bool from_ticks(uint64_t lives, uint64_t *now)
{
	uint64_t number = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
	if (__builtin_expect(!number, 0))
		return false;
	const struct piece *piece = &pieces[number % PIECES];
	uint64_t ticks = ticks_now(tracer.has_threads);
	*now = time_at(piece, ticks);
	return ticks - piece->ticks < lives * piece->life &&
	       __atomic_load_n(&current, __ATOMIC_ACQUIRE) == number;
}

/* Nanoseconds << 32 in a tick since the last reading. Where it is far from what it was, the machine slept,
 * and only one of the two clocks with it. */
static uint64_t rate_until(const struct reading *now)
{
	uint64_t time = now->time - last.time, ticks = now->ticks - last.ticks;
	for (; time >> 31; time >>= 1)
		ticks >>= 1;
	uint64_t rate = ticks ? (time << 32) / ticks : 0, slack = last_rate / 8;
	return last_rate && rate - (last_rate - slack) > 2 * slack ? last_rate : rate;
}

/* Where the line is left while it is in use, it goes on, and bends so as to meet the kernel's clock after a
 * life. False if it is too far off. */
static bool bend(const struct piece *old, const struct reading *now, struct piece *next)
{
	int64_t error = (int64_t)(time_at(old, now->ticks) - now->time);
	if (error > ERROR_MAX || error < -ERROR_MAX)
		return false;
	next->time = now->time + (uint64_t)error;
	next->rate -= (uint64_t)((error << 32) / (int64_t)next->life);
	return true;
}

/* After a pause the line goes on at the kernel's time; not before the end of its last life, should it be a
 * hair ahead. */
static void begin_anew(const struct piece *old, struct piece *next)
{
	uint64_t end = time_at(old, old->ticks + GRACE * old->life);
	if (end - next->time < ERROR_MAX)
		next->time = end;
}

static bool next_piece(const struct piece *old, const struct reading *now, struct piece *next)
{
	last_rate = rate_until(now);
	if (!last_rate)
		return false;
	*next = (struct piece){.ticks = now->ticks,
			       .time = now->time,
			       .rate = last_rate,
			       .life = ((uint64_t)LIFE << 32) / last_rate};
	if (old && now->ticks - old->ticks < GRACE * old->life)
		return bend(old, now, next);
	if (old)
		begin_anew(old, next);
	return true;
}

static void read_name(char *name, size_t size)
{
	text_read_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", name, size);
	if (!is_asked)
		is_usable = !is_forbidden && text_equal(name, TICKS_NAME);
	is_asked = true;
}

/* Asked when it matters: most processes are gone by then. */
static bool may_be_used(void)
{
	char name[64];
	if (!is_asked)
		read_name(name, sizeof name);
	return is_usable;
}

static void make_piece(void)
{
	uint64_t number = current;
	const struct piece *old = number ? &pieces[number % PIECES] : NULL;
	if ((old && ticks_now(true) - old->ticks < old->life) || !may_be_used())
		return;
	struct reading now = read_both();
	is_usable = !is_forbidden && next_piece(old, &now, &pieces[(number + 1) % PIECES]);
	last = now;
	__atomic_store_n(&current, is_usable ? number + 1 : 0, __ATOMIC_RELEASE);
}

/* Whoever comes at the wrong time does without: nobody waits. */
static void renew(void)
{
	if (!is_usable ||
	    (!__atomic_load_n(&current, __ATOMIC_RELAXED) && ticks_now(false) - last.ticks < FIRST_SPAN))
		return;
	if (__atomic_exchange_n(&is_busy, true, __ATOMIC_ACQUIRE))
		return;
	make_piece();
	__atomic_store_n(&is_busy, false, __ATOMIC_RELEASE);
}

uint64_t tracer_now(void)
{
	uint64_t now;
	if (__builtin_expect(from_ticks(1, &now), 1))
		return now;
	renew();
	return from_ticks(GRACE, &now) ? now : kernel_time();
}

/* The vDSO reads these alone, and asks the kernel for any other (Linux, VDSO_CLOCKMODE_*). */
static bool is_clock_of_vdso(const char *name)
{
	return text_begins(name, "tsc") || text_begins(name, "kvm-clock") ||
	       text_begins(name, "hyperv_clocksource_tsc_page");
}

void clock_start(void)
{
	is_usable = true;
	vdso_start();
	last = read_both();
}

void tracer_look_at_clock(void)
{
	char name[64];
	read_name(name, sizeof name);
	needs_kernel = !vdso_is_used() || !is_clock_of_vdso(name);
	looked_at = tracer_now();
}

void tracer_confine_clock(void)
{
	if (needs_kernel && !stopped_at)
		stopped_at = looked_at;
}

/* What the kernel said last serves where it may not be asked. */
static void ask_kernel_from_now_on(void)
{
	looked_at = tracer_now();
	needs_kernel = true;
	vdso_leave();
	if (!mf_sandbox_permits_all(SYS_clock_gettime))
		tracer_confine_clock();
}

void clock_forget(uint64_t start, uint64_t end)
{
	if (vdso_is_within(start, end))
		ask_kernel_from_now_on();
}

static void forget_counter(void)
{
	is_forbidden = true;
	is_usable = false;
	__atomic_store_n(&current, 0, __ATOMIC_RELEASE);
}

/* The vDSO reads the counter too. */
void clock_leave_counter(void)
{
	ask_kernel_from_now_on();
	forget_counter();
}

void clock_stop(void)
{
	needs_kernel = true;
	tracer_confine_clock();
	forget_counter();
}

void clock_start_in_child(void)
{
	is_busy = false;
	current = 0;
	last_rate = 0;
	if (is_usable)
		last = read_both();
}

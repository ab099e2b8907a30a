#define _GNU_SOURCE
#include "in_flight.h"

#include "call_record.h"
#include "signal_frame.h"
#include "stack_order.h"
#include "thread_state.h"

/* A handler may come between any two of these. */
#define IN_THIS_ORDER __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Whether the kernel has made the call, by its answer or by what it saved for the handler. */
static bool has_result(struct under_way *call)
{
	return call->result != IN_FLIGHT_UNANSWERED || signal_frame_result(&call->call, &call->result);
}

/* Writes a call that this handler interrupts. Over before the handler's own calls, even if it is written
 * behind them. */
static void write_interrupted(struct under_way *interrupted)
{
	struct call narrow;
	const struct call *call = call_narrow(&interrupted->call, &narrow);
	if (interrupted->is_written || !has_result(interrupted))
		return;
	interrupted->is_written = true;
	call_write_parts(
	    &(struct made_call){.call = call,
				.kind = call_kind(call->number, call->arguments),
				.result = interrupted->result,
				.stack = interrupted->stack,
				.begin = interrupted->begin,
				.end = interrupted->interrupted ? interrupted->interrupted : tracer_now()});
}

static void begin_within(struct in_flight *flight, struct under_way *latest, uint64_t stack_pointer)
{
	flight->interrupts = stack_interrupts(stack_pointer, latest->stack_pointer);
	flight->found_abandoned = !flight->interrupts;
	if (!flight->interrupts)
		return;
	if (!latest->is_claimed)
		write_interrupted(latest);
	if (!latest->interrupted)
		latest->interrupted = tracer_now();
	flight->outer = *latest;
}

static bool hides_unwritten(const struct in_flight *flight)
{
	return flight->interrupts && (flight->outer.hides_unwritten || !flight->outer.is_written);
}

uint64_t in_flight_begin(struct in_flight *flight, const struct call *call, uint64_t stack)
{
	struct under_way *latest = &thread_state()->under_way;
	uint64_t stack_pointer = call->registers->sp;
	flight->interrupts = flight->found_abandoned = false;
	if (__builtin_expect(latest->stack_pointer != 0, 0))
		begin_within(flight, latest, stack_pointer);
	/* Until this is whole, no handler takes it for a call that is to be written. */
	latest->is_claimed = true;
	IN_THIS_ORDER;
	latest->flight = flight;
	latest->call = *call;
	latest->stack = stack;
	latest->result = IN_FLIGHT_UNANSWERED;
	latest->interrupted = 0;
	IN_THIS_ORDER;
	latest->is_written = false;
	latest->hides_unwritten = hides_unwritten(flight);
	latest->stack_pointer = stack_pointer;
	latest->begin = tracer_now();
	IN_THIS_ORDER;
	latest->is_claimed = false;
	return latest->begin;
}

/* The thread's latest, if that is this one; else NULL. */
static struct under_way *own(const struct in_flight *flight)
{
	struct under_way *latest = &thread_state()->under_way;
	return latest->flight == flight ? latest : NULL;
}

void in_flight_end(const struct in_flight *flight)
{
	struct under_way *latest = own(flight);
	if (!latest)
		return;
	if (__builtin_expect(flight->interrupts, 0))
		*latest = flight->outer;
	else
		latest->stack_pointer = 0;
}

long *in_flight_answer(struct in_flight *flight)
{
	struct under_way *latest = own(flight);
	return latest ? &latest->result : &flight->answer;
}

bool in_flight_claim(const struct in_flight *flight)
{
	struct under_way *latest = own(flight);
	if (!latest)
		return true;
	latest->is_claimed = true;
	IN_THIS_ORDER;
	return !latest->is_written;
}

void in_flight_written(const struct in_flight *flight)
{
	struct under_way *latest = own(flight);
	if (latest)
		latest->is_written = true;
}

/* What was about to write itself never comes back to it. What a handler jumped out of is over. */
bool in_flight_finish(void)
{
	struct under_way *latest = &thread_state()->under_way;
	uint64_t here = (uint64_t)__builtin_frame_address(0);
	if (!latest->stack_pointer || stack_has_left(here, latest->stack_pointer))
		return true;
	if (stack_interrupts(here, latest->stack_pointer))
		write_interrupted(latest);
	return latest->is_written && !latest->hides_unwritten;
}

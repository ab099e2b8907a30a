#include "in_flight.h"

#include "thread_state.h"

/* A handler runs below what it interrupts. On a stack of its own it may not: then a list is read for nothing.
 */
struct in_flight in_flight_begin(const struct call *call)
{
	struct thread_state *state = thread_state();
	struct in_flight flight = {.outer = state->stack_pointer};
	state->stack_pointer = call->registers->sp;
	flight.found_abandoned = flight.outer && flight.outer <= state->stack_pointer;
	if (flight.found_abandoned)
		flight.outer = 0;
	return flight;
}

void in_flight_end(const struct in_flight *flight)
{
	thread_state()->stack_pointer = flight->outer;
}

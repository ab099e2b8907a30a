#include "in_flight.h"

/* As the program made the call that is under way; 0: none is. */
static __thread uint64_t stack_pointer;

/* A handler runs below what it interrupts. On a stack of its own it may not: then a list is read for nothing.
 */
struct in_flight in_flight_begin(const struct call *call)
{
	struct in_flight flight = {.outer = stack_pointer};
	stack_pointer = call->registers->sp;
	flight.found_abandoned = flight.outer && flight.outer <= stack_pointer;
	if (flight.found_abandoned)
		flight.outer = 0;
	return flight;
}

void in_flight_end(const struct in_flight *flight)
{
	stack_pointer = flight->outer;
}

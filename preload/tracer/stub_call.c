#include "call.h"
#include "stub_arch.h"
#include "stub_table.h"

/* Of a stub whose number is computed the kernel takes 32 bits. */
static long number_of(size_t index, uint64_t given)
{
	long number = stub_table_number(index);
	return (uint64_t)number == STUB_NUMBER_UNKNOWN ? (int)given : number;
}

/* A stub has been reached: the call is made here in its place. */
__attribute__((visibility("hidden"), used)) long
stub_call(size_t index, const uint64_t arguments[6], const struct mf_registers *registers, uint64_t given)
{
	struct call call = {
	    .number = number_of(index, given), .registers = registers, .caught = MF_CALL_BY_STUB};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	return call_make(&call);
}

#include <sys/syscall.h>

#include "call.h"
#include "stub_arch.h"
#include "stub_stacks.h"
#include "stub_table.h"

/* Of a stub whose number is computed the kernel takes 32 bits. */
static long number_of(size_t index, uint64_t given)
{
	long number = stub_table_number(index);
	return (uint64_t)number == STUB_NUMBER_UNKNOWN ? (int)given : number;
}

static bool may_not_return(long number)
{
	return number == SYS_execve || number == SYS_execveat || number == SYS_exit_group;
}

/* A stub has been reached: the call is made here in its place. */
__attribute__((visibility("hidden"), used)) long
stub_call(size_t index, const uint64_t arguments[6], const struct mf_registers *registers, uint64_t given)
{
	struct call call = {
	    .number = number_of(index, given), .registers = registers, .caught = MF_CALL_BY_STUB};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	stub_stacks_count_missed();
	if (!may_not_return(call.number))
		return call_make(&call);
	struct stub_loan loan = stub_stack_lend();
	long result = call_make(&call);
	stub_stack_take_back(&loan);
	return result;
}

#define _GNU_SOURCE
#include "stub_table.h"

#include <sys/syscall.h>

#include "raw_syscall.h"

#define FOR_ASSEMBLY __attribute__((visibility("hidden")))

FOR_ASSEMBLY uint64_t stub_returns[STUBS_MAX]; /* where to go back to */
FOR_ASSEMBLY uint8_t stub_needs_stack[STUBS_MAX];
FOR_ASSEMBLY uint64_t stub_numbers[STUBS_MAX];
static struct stub_code jumps[STUBS_MAX]; /* what was written over the stub */
static size_t count;

/* Whether the code of an entry is gone, or another's: a library that was unloaded. Its memory may not be
 * there. */
static bool is_gone(int file, size_t index)
{
	const struct stub_code *jump = &jumps[index];
	uint8_t now[STUB_PATCH_MAX];
	long size = (long)jump->size;
	if (raw_syscall4(SYS_pread64, file, (long)now, size, (long)jump->address) != size)
		return true;
	for (long i = 0; i < size; i++)
		if (now[i] != jump->bytes[i])
			return true;
	return false;
}

static size_t find(int file, uint64_t return_to)
{
	for (size_t i = 0; i < count; i++)
		if (stub_returns[i] == return_to)
			return i;
	if (count < STUBS_MAX)
		return count++;
	for (size_t i = 0; i < STUBS_MAX; i++)
		if (is_gone(file, i))
			return i;
	return STUBS_MAX;
}

size_t stub_table_take(int file, const struct stub *stub, bool needs_stack)
{
	size_t index = find(file, stub->return_to);
	if (index == STUBS_MAX)
		return index;
	stub_returns[index] = stub->return_to;
	stub_needs_stack[index] = needs_stack;
	stub_numbers[index] = stub->number;
	return index;
}

bool stub_table_is_full(void)
{
	return count == STUBS_MAX;
}

void stub_table_set_jump(size_t index, const struct stub_code *jump)
{
	jumps[index] = *jump;
}

void stub_table_give_back(size_t index)
{
	if (index + 1 != count)
		return;
	stub_returns[index] = 0;
	count--;
}

long stub_table_number(size_t index)
{
	return (long)stub_numbers[index];
}

#define _GNU_SOURCE
#include "stub_table.h"

#include <sys/syscall.h>

#include "code_page.h"
#include "raw_syscall.h"

#define FOR_ASSEMBLY __attribute__((visibility("hidden")))

FOR_ASSEMBLY uint64_t stub_returns[STUBS_MAX]; /* where to go back to */
FOR_ASSEMBLY uint8_t stub_needs_stack[STUBS_MAX];
FOR_ASSEMBLY uint64_t stub_numbers[STUBS_MAX];
/* What was written over a stub, and what was there before. */
struct jump {
	uint64_t address;
	size_t size;
	uint8_t after[STUB_PATCH_MAX], before[STUB_PATCH_MAX];
};
static struct jump jumps[STUBS_MAX];
static size_t count;
static size_t latest; /* that was given again: the next one is gone mostly, too */

/* Whether the code of an entry is gone, or another's: a library that was unloaded. Its memory may not be
 * there. */
static bool is_gone(int file, size_t index)
{
	const struct jump *jump = &jumps[index];
	uint8_t now[STUB_PATCH_MAX];
	long size = (long)jump->size;
	if (raw_syscall4(SYS_pread64, file, (long)now, size, (long)jump->address) != size)
		return true;
	for (long i = 0; i < size; i++)
		if (now[i] != jump->after[i])
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
	for (size_t tries = 0; tries < STUBS_MAX; tries++) {
		latest = (latest + 1) % STUBS_MAX;
		if (is_gone(file, latest))
			return latest;
	}
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
	struct jump *kept = &jumps[index];
	kept->address = jump->address;
	kept->size = jump->size;
	for (size_t i = 0; i < jump->size; i++) {
		kept->after[i] = jump->bytes[i];
		kept->before[i] = ((const uint8_t *)jump->address)[i];
	}
}

static bool lies_in(size_t index, uint64_t start, uint64_t end)
{
	return stub_returns[index] > start && stub_returns[index] <= end;
}

bool stub_table_has(uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < count; i++)
		if (lies_in(i, start, end))
			return true;
	return false;
}

size_t stub_table_undo(int file, uint64_t start, uint64_t end)
{
	size_t undone = 0;
	for (size_t i = 0; i < count; i++) {
		const struct jump *jump = &jumps[i];
		if (!lies_in(i, start, end) || !jump->size || is_gone(file, i))
			continue;
		struct stub_code before = {.address = jump->address, .size = jump->size};
		for (size_t byte = 0; byte < jump->size; byte++)
			before.bytes[byte] = jump->before[byte];
		undone += code_write(file, &before);
	}
	return undone;
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

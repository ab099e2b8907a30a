#include "code_page.h"

#include <sys/syscall.h>

#include "raw_syscall.h"

static bool write_bytes(int file, const uint8_t *bytes, size_t size, uint64_t address)
{
	return raw_syscall4(SYS_pwrite64, file, (long)bytes, (long)size, (long)address) == (long)size;
}

bool code_write(int file, const struct stub_code *code)
{
	return write_bytes(file, code->bytes, code->size, code->address);
}

static void begin(struct code_page *page, uint64_t start)
{
	page->start = start;
	page->low = CODE_PAGE_SIZE;
	page->high = 0;
	__builtin_memcpy(page->bytes, (const void *)start, CODE_PAGE_SIZE);
}

bool code_page_add(struct code_page *page, const struct stub_code *code)
{
	uint64_t start = code->address & ~(uint64_t)(CODE_PAGE_SIZE - 1);
	size_t low = code->address - start, high = low + code->size;
	if (high > CODE_PAGE_SIZE || (page->high && page->start != start))
		return false;
	if (!page->high)
		begin(page, start);
	__builtin_memcpy(page->bytes + low, code->bytes, code->size);
	page->low = low < page->low ? low : page->low;
	page->high = high > page->high ? high : page->high;
	return true;
}

bool code_page_write(int file, struct code_page *page)
{
	size_t size = page->high ? page->high - page->low : 0;
	page->high = 0;
	return !size || write_bytes(file, page->bytes + page->low, size, page->start + page->low);
}

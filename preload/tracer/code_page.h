/* Writes into code through /proc/self/mem, a page at a time: each write takes as long as copying it. */
#ifndef MAPFRAY_CODE_PAGE_H
#define MAPFRAY_CODE_PAGE_H

#include "stub_arch.h"

enum { CODE_PAGE_SIZE = 4096 };

/* The part of a page that is to be written, as it shall be. */
struct code_page {
	uint64_t start; /* of the page */
	size_t low, high;
	uint8_t bytes[CODE_PAGE_SIZE];
};

/* Writes at once. Does not enter libc. */
bool code_write(int file, const struct stub_code *code);
/* Adds to the page, which may be read; false: it is in another page, or in two. Does not enter libc. */
bool code_page_add(struct code_page *page, const struct stub_code *code);
/* Writes what was added, if anything was. Does not enter libc. */
bool code_page_write(int file, struct code_page *page);

#endif

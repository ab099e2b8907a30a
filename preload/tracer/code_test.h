/* Tells code from constants, which may lie in the same segment. */
#ifndef MAPFRAY_CODE_TEST_H
#define MAPFRAY_CODE_TEST_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* Made for one segment. */
struct code_test {
	/* Whether there is certainly code at a place, and in which function; an empty one: no function that
	 * jumps by a table. Does not enter libc. */
	bool (*is_code)(void *file, uint64_t place, struct mf_range *function);
	void *file; /* what it asks */
};

/* Whether Go's linker built an object: it has a note that says so. */
bool code_is_go(const struct dl_phdr_info *object);
/* Whether that note is among these. Does not enter libc. */
bool code_has_go_note(const void *notes, size_t size);
/* How to tell in a segment of an object, of which that is known. */
struct code_test code_test_for(const struct dl_phdr_info *object, const ElfW(Phdr) * segment, bool is_go);
/* Whether all of a segment is code, and has no unwind table that could say so. Does not enter libc. */
bool code_is_throughout(const ElfW(Phdr) * segments, size_t count, const ElfW(Phdr) * segment, bool is_go);

#endif

/* Tells code from constants, which may lie in the same segment. */
#ifndef MAPFRAY_CODE_TEST_H
#define MAPFRAY_CODE_TEST_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace_format.h"

/* Whether there is certainly code at a place of the segment that it was made for, and in which function; an
 * empty one: no function that jumps by a table. Does not enter libc. */
typedef bool (*code_test)(uint64_t place, struct mf_range *function);

/* Whether Go's linker built an object: it has a note that says so. */
bool code_is_go(const struct dl_phdr_info *object);
/* How to tell in a segment of an object, of which that is known. */
code_test code_test_for(const struct dl_phdr_info *object, const ElfW(Phdr) * segment, bool is_go);

#endif

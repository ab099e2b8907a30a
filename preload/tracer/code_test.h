/* Tells code from constants, which may lie in the same segment. */
#ifndef MAPFRAY_CODE_TEST_H
#define MAPFRAY_CODE_TEST_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* Made for one segment. No function of it enters libc. */
struct code_test {
	/* Whether there is certainly code at a place, and in which function; an empty one: no function that
	 * jumps by a table. */
	bool (*is_code)(void *object, uint64_t place, struct mf_range *function);
	/* Whether Go's linker built the object: its code runs on small stacks. False: nobody can tell, and
	 * none of its code may be touched. */
	bool (*tells)(void *object, bool *is_go);
	void *object; /* what they ask */
};

/* An object that ld.so has loaded, and a segment of it. */
struct loaded_code {
	const struct dl_phdr_info *object;
	const ElfW(Phdr) * segment;
	bool is_asked, is_go;
};

struct code_test loaded_code_test(struct loaded_code *code);
/* Whether Go's linker built an object, by its notes: -buildid= leaves out the one that tells. */
bool code_has_go_note(const void *notes, size_t size);
/* The same by the names of the file's sections, which a loaded object has not. */
bool code_is_go_file(int descriptor);
/* Whether all of a segment is code, and has no unwind table that could say so. */
bool code_is_throughout(const ElfW(Phdr) * segments, size_t count, const ElfW(Phdr) * segment, bool is_go);

#endif

/* Work that one thread does at a time, and that no handler interrupts: one that jumped out would leave it
 * shut for good. Nobody waits here: who finds it shut leaves it, or tries again for a while. */
#ifndef MAPFRAY_SECTION_H
#define MAPFRAY_SECTION_H

#include <stdbool.h>
#include <stdint.h>

struct section {
	int is_shut;	 /* atomic */
	uint64_t mask;	 /* of the thread inside, as it was before, */
	bool is_blocked; /* and whether it could be changed: a filter may forbid it */
};

/* False: another thread is inside. Does not enter libc. */
bool section_enter(struct section *section);
void section_leave(struct section *section);

#endif

/* Buffers for building records that are too large for a stranger's stack. */
#ifndef MAPFRAY_SCRATCH_H
#define MAPFRAY_SCRATCH_H

#include "trace_format.h"

struct scratch {
	_Alignas(8) char bytes[MF_RECORD_SIZE_MAX];
};

/* Takes a buffer, or returns NULL when all are in use (by threads and the signal handlers above them).
 * Does not enter libc. */
struct scratch *scratch_take(void);
void scratch_give(struct scratch *scratch);
/* A forked child has none of the threads that held buffers. Does not enter libc. */
void scratch_start_in_child(void);

#endif

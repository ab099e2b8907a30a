/* A log from its creation to the records that stand first in it. No function here enters libc but for its
 * version. */
#ifndef MAPFRAY_LOG_H
#define MAPFRAY_LOG_H

#include "tracer.h"

enum { MF_RING_SIZE_LEAST = 256 << 10 }; /* bytes */

/* Creates this process's log and maps its ring: at `place` if it is not NULL, a forked child's over its
 * parent's. Returns 0 or -errno. */
int log_open(void *place);
/* Why a program that is executed now cannot create one beside it; NULL: nothing is seen that keeps it from
 * that. */
const char *log_obstacle(void);
/* Addresses that the tracer itself occupies. */
void log_add_own_range(const void *start, size_t size);
/* Says who is traced, and what its map and its limits are. A forked child names its parent's log by the
 * position at the fork and the start time, others MF_UNKNOWN and 0. The kernel is asked for `arguments` that
 * are NULL. */
void log_write_beginning(enum mf_snapshot_reason reason, uint64_t parent_position, uint64_t parent_start,
			 char *const *arguments);

#endif

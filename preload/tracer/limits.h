/* Writes the limits in force into the log, and knows when the map count nears its own. */
#ifndef MAPFRAY_LIMITS_H
#define MAPFRAY_LIMITS_H

#include "tracer.h"

/* Writes an MF_LIMITS record; `snapshot` and `count` of the list read with it, or 0 and MF_UNKNOWN.
 * Does not enter libc. */
void limits_record(uint64_t snapshot, uint64_t map_count);

/* vm.max_map_count as last read; MF_UNKNOWN where /proc is not there. */
uint64_t limits_max_map_count(void);

#endif

/* Writes the limits in force into the log, and knows when the map count nears its own. */
#ifndef MAPFRAY_LIMITS_H
#define MAPFRAY_LIMITS_H

#include "tracer.h"

/* Writes an MF_LIMITS record; `snapshot` and `count` of the list read with it, or 0 and MF_UNKNOWN. Only
 * `with_memory` reads how much memory there is and who uses it, which costs more than all else at a start.
 * Does not enter libc. */
void limits_record(uint64_t snapshot, uint64_t map_count, bool with_memory);

/* vm.max_map_count as last read; MF_UNKNOWN where /proc is not there. */
uint64_t limits_max_map_count(void);

#endif

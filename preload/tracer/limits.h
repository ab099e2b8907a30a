/* Writes the limits in force into the log, and knows when the map count nears its own. */
#ifndef MAPFRAY_LIMITS_H
#define MAPFRAY_LIMITS_H

#include "tracer.h"

/* How much the kernel is asked. */
enum limits_asked {
	LIMITS_RECENT, /* the system's own not again within a tenth of a second: for a process's end */
	LIMITS_NOW,
	LIMITS_AND_MEMORY, /* also how much memory there is and who uses it, which costs more than a start */
};

/* Writes an MF_LIMITS record; `snapshot` and `count` of the list read with it, or 0 and MF_UNKNOWN. Does not
 * enter libc. */
void limits_record(uint64_t snapshot, uint64_t map_count, enum limits_asked asked);

/* vm.max_map_count as last read; MF_UNKNOWN where /proc is not there. */
uint64_t limits_max_map_count(void);

#endif

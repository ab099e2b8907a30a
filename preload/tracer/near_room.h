/* A page of the tracer's own beside a program that lies out of a short jump's reach, as programs do that are
 * loaded anywhere (PIE). */
#ifndef MAPFRAY_NEAR_ROOM_H
#define MAPFRAY_NEAR_ROOM_H

#include "stub_arch.h"

/* Maps it below `start`, where the program begins, and puts it into `room`. At the start only: the log's
 * first list has it as the tracer's. False: nothing is free there. Does not enter libc. */
bool near_room_map(uint64_t start, struct stub_room *room);

#endif

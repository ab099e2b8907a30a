/* What a flight recorder must hold: a list of VMAs among its newest records, or they could not be replayed.
 */
#ifndef MAPFRAY_RECORDER_H
#define MAPFRAY_RECORDER_H

#include "tracer.h"

/* How far the stream is reserved by now. Does not enter libc. */
uint64_t recorder_head(void);
/* A list was taken, whose records begin at this position of the stream. Does not enter libc. */
void recorder_note_list(uint64_t begin);
/* Whether another list may be taken beside the newest one and the calls since, or would take their place.
 * Always true for a log that grows. Does not enter libc. */
bool recorder_has_room_for_list(void);
/* How far the stream may move on before the next anchor. Does not enter libc. */
uint64_t recorder_anchor_distance(void);

#endif

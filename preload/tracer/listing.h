/* The call by which a program reads a folder, of which one lists its own descriptors. */
#ifndef MAPFRAY_LISTING_H
#define MAPFRAY_LISTING_H

#include "call_kind.h"

/* Makes getdents64(2) as it was `asked` for, and leaves the tracer's descriptors out of what /proc/PID/fd and
 * /proc/PID/fdinfo list: who closes what stands there, until nothing does, would never end. Does not enter
 * libc. */
long listing_make(const struct call *asked);

#endif

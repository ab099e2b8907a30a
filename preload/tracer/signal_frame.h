/* What a signal handler interrupts, as the kernel has saved it on the handler's stack: one file for each
 * architecture. */
#ifndef MAPFRAY_SIGNAL_FRAME_H
#define MAPFRAY_SIGNAL_FRAME_H

#include "call_kind.h"

/* Called in a handler, or below it: whether the signal came where the kernel returned from this call of the
 * tracer's, and then what it answered. Does not enter libc. */
bool signal_frame_result(const struct call *call, long *result);

#endif

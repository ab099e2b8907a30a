/* The call by which a program confines itself: seccomp(2), or prctl(2) in its place or for syscall user
 * dispatch. */
#ifndef MAPFRAY_FILTER_CALL_H
#define MAPFRAY_FILTER_CALL_H

#include "call_kind.h"

/* Whether the call installs a seccomp filter, or the strict mode, or has the tracer's calls dispatched. Does
 * not enter libc. */
bool filter_call_is(const struct call *call);
/* Makes that call as it was `asked` for; already before it the tracer makes no call that the filter forbids.
 * Does not enter libc. */
long filter_call_make(const struct call *asked, const struct call *call);

#endif

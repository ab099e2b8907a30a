/* Syscall user dispatch, by which a program has the kernel hand its own system calls back to it. */
#ifndef MAPFRAY_DISPATCH_H
#define MAPFRAY_DISPATCH_H

#include "call_kind.h"

/* Whether the call begins a dispatch that the tracer's code is not exempt from. Does not enter libc. */
bool dispatch_is(const struct call *call);
/* It has begun: the program's calls enter the kernel where libc has its instruction. Does not enter libc. */
void dispatch_begin(void);

#endif

/* Which system calls the tracer stands in for. */
#ifndef MAPFRAY_HOOKS_H
#define MAPFRAY_HOOKS_H

#include <stdint.h>

/* By system call number below 512: 1 if it can change the map. */
extern const uint8_t hook_syscall_interest[512] __attribute__((visibility("hidden")));

#endif

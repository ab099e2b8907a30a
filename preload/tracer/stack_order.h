/* What the places of a thread's stack tell of what runs there. No function enters libc. */
#ifndef MAPFRAY_STACK_ORDER_H
#define MAPFRAY_STACK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a handler that has come to `here` interrupts what is at `place`: handlers run not far below that,
 * or on a stack of their own, wherever it lies. */
bool stack_interrupts(uint64_t here, uint64_t place);
/* Whether what was at `place` is over for sure, whoever has come to `here` having jumped out of it. */
bool stack_has_left(uint64_t here, uint64_t place);

#endif

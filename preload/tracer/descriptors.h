/* The tracer's descriptors, as far as the program could come upon them. */
#ifndef MAPFRAY_DESCRIPTORS_H
#define MAPFRAY_DESCRIPTORS_H

#include <stdbool.h>

/* Whether the number stands for the log or the list of VMAs, and the program has nothing of its own there.
 * Does not enter libc. */
bool descriptors_is_ours(int descriptor);

#endif

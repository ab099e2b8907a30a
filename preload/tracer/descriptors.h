/* The numbers of the program's descriptors under which the tracer has its own. */
#ifndef MAPFRAY_DESCRIPTORS_H
#define MAPFRAY_DESCRIPTORS_H

#include <stdbool.h>

/* Whether a descriptor of the tracer's lies there, of which the program must not know. Does not enter
 * libc. */
bool descriptor_is_ours(int descriptor) __attribute__((visibility("hidden")));

#endif

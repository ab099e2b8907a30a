/* Which definitions (stacks, files, modules) this log already holds, by key. */
#ifndef MAPFRAY_DEFINED_H
#define MAPFRAY_DEFINED_H

#include <stdbool.h>
#include <stdint.h>

/* Neither function enters libc. A key that was crowded out of the table is defined again: more log, no error.
 */
bool defined_has(uint64_t key);
/* To be called after the definition has been written, so that no log refers to what it does not hold. */
void defined_add(uint64_t key);

#endif

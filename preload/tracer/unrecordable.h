/* Programs that cannot load the library. */
#ifndef MAPFRAY_UNRECORDABLE_H
#define MAPFRAY_UNRECORDABLE_H

#include <stdbool.h>

/* Remembers this program's own loader. In the constructor only: enters libc. */
void unrecordable_start(void);
/* Says in the log, if it is to be told, that this process is about to go on as a program that will not be
 * recorded, if it is one: statically linked, for another libc, not of this processor's kind, or with other
 * rights. Returns whether the library must not be in its environment. Does not enter libc. Costs nine system
 * calls, and five more for a file that gives rights. */
bool unrecordable_note(int folder, const char *path, bool is_told);
/* Whether it is a loader that is to list what it would load, as ldd has it do by the environment: nothing
 * runs there. Does not enter libc. */
bool unrecordable_lists(const char *path, char *const *arguments);

#endif

/* Programs that cannot load the library. */
#ifndef MAPFRAY_UNRECORDABLE_H
#define MAPFRAY_UNRECORDABLE_H

#include <stdbool.h>

/* Remembers this program's own loader. In the constructor only: enters libc. */
void unrecordable_start(void);
/* Says in the log, if it is to be told, that this process is about to go on as a program that will not be
 * recorded, if it is one: statically linked, for another libc, or not of this processor's kind. Returns
 * whether the library must not be in its environment. Does not enter libc. Costs four system calls. */
bool unrecordable_note(int folder, const char *path, bool is_told);
/* Whether it is a loader that is to list what it would load, as ldd has it do by the environment: nothing
 * runs there. Does not enter libc. */
bool unrecordable_lists(const char *path, char *const *arguments);

#endif

/* What the log says of system call instructions that are not redirected. No function enters libc. */
#ifndef MAPFRAY_UNCOVERED_H
#define MAPFRAY_UNCOVERED_H

/* Instructions whose number is computed, in a library of this path, to be told by uncovered_write. */
void uncovered_add(unsigned count, const char *path);
/* Writes a note for each library that was added. */
void uncovered_write(void);
/* Adds and writes likewise of the library behind a descriptor, if it is not libc. */
void uncovered_note(unsigned count, int descriptor);
/* Writes that instructions of the library behind a descriptor could not be redirected. */
void uncovered_note_failed(unsigned count, int descriptor);

#endif

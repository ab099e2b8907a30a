/* What the log says of system call instructions that are not redirected. No function enters libc. */
#ifndef MAPFRAY_UNCOVERED_H
#define MAPFRAY_UNCOVERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instructions that stay as they are. */
struct uncovered {
	uint32_t computed; /* whose number is computed */
	uint32_t gates;	   /* int $0x80 */
};

static inline bool uncovered_is_any(struct uncovered uncovered)
{
	return uncovered.computed || uncovered.gates;
}
/* What a library of this path has, to be told by uncovered_write. */
void uncovered_add(struct uncovered uncovered, const char *path);
/* Writes what was added. */
void uncovered_write(void);
/* Adds and writes likewise of the library behind a descriptor, if it is not libc. */
void uncovered_note(struct uncovered uncovered, int descriptor);
/* Writes that instructions of the library behind a descriptor could not be redirected. */
void uncovered_note_failed(unsigned count, int descriptor);
/* Writes of so many that they were redirected until their code was moved. */
void uncovered_note_moved(size_t count);
/* Writes that nobody looked for any there. */
void uncovered_note_left(int descriptor);

#endif

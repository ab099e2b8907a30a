/*
 * A program that clears the environment of its children is followed all the same: what is missing is added
 * where it calls execve. On that caller's stack, because a vfork child shares its parent's memory; a list of
 * more than ENVIRONMENT_MAX entries is left as it is.
 */
#ifndef MAPFRAY_ENVIRONMENT_H
#define MAPFRAY_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENVIRONMENT_MAX = 2048 }; /* posix_spawn gives its child 32 KiB of stack */

/* A list that is being made, in room of the caller's. */
struct environment {
	const char **entries;
	char *preload; /* LD_PRELOAD=..., if it is made anew */
	size_t preload_size;
	bool lacks_library; /* for it cannot be reached */
};

/* Keeps what the tracer was told, and the path of its library. In the constructor only. */
void environment_start(char *const *environment, const char *library);
/* The value of a variable, or NULL. Does not enter libc. */
const char *environment_value(char *const *environment, const char *name);
/* What is executed from here on learns of the seccomp filters in force. Does not enter libc. */
void environment_announce(uint64_t filters, uint64_t permitted);
/* Whether the kernel can read 8 bytes there, and lets itself be asked. Does not enter libc. */
bool environment_can_read(const void *address);
/* The bytes of room that a list in the place of this one takes, 0 if this one stays. Does not enter libc. */
size_t environment_room(char *const *environment);
/* Whether that is because it is too long. Does not enter libc. */
bool environment_is_too_long(char *const *environment);
/* Lays out the list in the room. */
struct environment environment_in(void *room, size_t size, char *const *environment);
/* Whether a new image gets what it needs to be recorded, keeps what there is, or must not meet the library.
 */
enum environment_aim { ENVIRONMENT_FOLLOWS, ENVIRONMENT_STAYS, ENVIRONMENT_WITHOUT };
/* Makes the list, without the library also where that cannot be reached; false if it can stay as it is. Does
 * not enter libc. */
bool environment_complete(char *const *environment, enum environment_aim aim, struct environment *made);

#endif

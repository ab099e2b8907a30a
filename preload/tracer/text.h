/* Reading and writing small texts without libc. No function here enters libc. */
#ifndef MAPFRAY_TEXT_H
#define MAPFRAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place to write to, that never overflows: what does not fit is cut off. The text is always ended by a
 * zero. */
struct text {
	char *bytes;
	size_t size; /* of `bytes`, the ending zero included */
	size_t length;
};

struct text text_over(char *bytes, size_t size);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_add_number(struct text *text, uint64_t number);
void text_add_hexadecimal(struct text *text, uint64_t number);

size_t text_length(const char *string);
bool text_equal(const char *a, const char *b);
bool text_begins(const char *string, const char *prefix);
/* What follows the last slash of a path. */
const char *text_base_name(const char *path);
/* Reads digits of `base` (10 or 16) at *at, moves *at behind them. Saturates at UINT64_MAX. */
uint64_t text_number(const char **at, unsigned base);
/* Moves over blanks. */
const char *text_skip_blanks(const char *at);

/* Reads a whole small file into `bytes`, ended by a zero. Returns its length, or -errno. */
long text_read_file(const char *path, char *bytes, size_t size);
/* The number at the beginning of a file, or `otherwise`. */
uint64_t text_number_of_file(const char *path, uint64_t otherwise);
/* Finds "key" at a line's start and returns the number behind it, or `otherwise`. */
uint64_t text_number_after(const char *text, const char *key, uint64_t otherwise);

#endif

/*
 * Proof that memory may be read, for the stack words that the walk needs. A page is proved once, by a system
 * call that answers EFAULT instead of faulting; the proof is kept until mf_readable_forget().
 * Never enters libc.
 */
#ifndef MF_READABLE_H
#define MF_READABLE_H

#include <stdbool.h>
#include <stdint.h>

/* Stack words are whatever type the program gave them. */
typedef uint64_t __attribute__((may_alias)) mf_word;

/* Reads the program's memory, red zones included. */
#define MF_READS_PROGRAM __attribute__((no_sanitize("address", "thread")))

/* The neighbouring pages that this walk has proved. */
struct mf_window {
	uint64_t start, end;
};

/* Proves the pages of [start, end) and moves the window there; false if one of them cannot be read. */
bool mf_readable_prove(struct mf_window *window, uint64_t start, uint64_t end);

void mf_readable_forget(uint64_t start, uint64_t end);

static inline bool mf_readable(struct mf_window *window, uint64_t start, uint64_t end)
{
	return (start >= window->start && end <= window->end) || mf_readable_prove(window, start, end);
}

/* Reads one aligned word; false if it cannot be read. */
MF_READS_PROGRAM static inline bool mf_read_word(struct mf_window *window, uint64_t address, uint64_t *value)
{
	if (address % 8 || !mf_readable(window, address, address + 8))
		return false;
	*value = *(const mf_word *)address;
	return true;
}

#endif

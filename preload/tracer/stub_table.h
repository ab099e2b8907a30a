/* The entries of the tracer that redirected stubs lead to, by index, and what is known of each. No function
 * enters libc. */
#ifndef MAPFRAY_STUB_TABLE_H
#define MAPFRAY_STUB_TABLE_H

#include "stub_arch.h"

/* An entry for a stub: the one that a library had here before, or a new one, or one of a library that is
 * gone; else STUBS_MAX. One thread at a time. `file` is /proc/self/mem. */
size_t stub_table_take(int file, const struct stub *stub, bool needs_stack);
bool stub_table_is_full(void);
/* What is to be written over the stub of an entry, and was not yet. */
void stub_table_set_jump(size_t index, const struct stub_code *jump);
/* Whether a stub in [start, end) was given an entry. */
bool stub_table_has(uint64_t start, uint64_t end);
/* Writes the code in [start, end) as it was before. Returns of how many stubs. */
size_t stub_table_undo(int file, uint64_t start, uint64_t end);
/* The entry taken last leads nowhere. */
void stub_table_give_back(size_t index);
/* The system call that the stub of this index makes, or STUB_NUMBER_UNKNOWN. */
long stub_table_number(size_t index);

#endif

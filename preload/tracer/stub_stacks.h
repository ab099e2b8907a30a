/*
 * Stacks for calls from Go code: a goroutine's own has some hundred bytes left where it enters the kernel,
 * and none below that may be written. stub_entry_*.S takes one and gives it back.
 */
#ifndef MAPFRAY_STUB_STACKS_H
#define MAPFRAY_STUB_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* As many at most as stub_stacks_free has bits; who finds none waits. So few that the library takes
	 * less than 2 MB: a mapping of that size gets a huge page's alignment, and the program's memory would
	 * lie elsewhere, in the gap before it (mm/huge_memory.c, thp_get_unmapped_area). */
	STUB_STACKS = 16,
	STUB_STACK_SIZE = 16 * 1024,
};

/* A stack that its borrower may not bring back. */
struct stub_loan {
	size_t stack;	  /* STUB_STACKS: none */
	uint64_t address; /* where the kernel was to write a zero before */
};

/* Before a call that may not return, of a child that has its memory from its parent (vfork): the kernel tells
 * when it is over with. No function here enters libc. */
struct stub_loan stub_stack_lend(void);
/* The call has returned after all. */
void stub_stack_take_back(const struct stub_loan *loan);

/* Before a call is recorded: those that were made without one, for want of a stack, are lost records. */
void stub_stacks_count_missed(void);

/* Maps the stacks, once, where the library lies; written into the log if that has begun. False: there is no
 * memory. Does not enter libc. */
bool stub_stacks_map(void);

#endif

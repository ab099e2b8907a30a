/* Writes jumps over the stubs of a piece of code. One thread at a time. */
#ifndef MAPFRAY_STUB_WRITER_H
#define MAPFRAY_STUB_WRITER_H

#include "code_page.h"
#include "stub_search.h"

enum { WAITING_MAX = 64 };

/* What was found in one library, and what is still to be written of it: the writer's, but for the first ones.
 */
struct stub_writer {
	int file;	  /* /proc/self/mem, or -1 */
	unsigned failed;  /* that could not be redirected */
	bool is_libc;	  /* whose stubs stand for its functions; what stays as it is there changes no map */
	bool needs_stack; /* Go's */
	bool is_prepared;
	uint64_t start; /* of the object, where a page beside it may be mapped; 0: it may not */
	struct stub_room room;
	struct code_page *page;	       /* or NULL: each is written at once */
	unsigned waiting;	       /* how many are in the page */
	uint16_t numbers[WAITING_MAX]; /* their system calls */
};

/* Finds the one clone that forks. In the constructor only; may enter libc. */
void stub_writer_start(void);
/* /proc/self/mem, or a negative number. Does not enter libc. */
int stub_writer_open(void);
/* Redirects all stubs that a search finds. Does not enter libc. */
void stub_writer_redirect(struct stub_search *search, struct stub_writer *writer);
/* Whether libc's or ld.so's own stub of this system call is redirected. Does not enter libc. */
bool stub_writer_covers(long number);
/* How many stubs are redirected, and how many could not be. Do not enter libc. */
unsigned stub_writer_count(void);
unsigned stub_writer_failures(void);

#endif

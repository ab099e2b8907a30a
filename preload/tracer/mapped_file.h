/*
 * A file of which a segment of code has just been mapped. ld.so does not tell its unwind tables yet, and may
 * not have mapped them: they are read from the file, once a system call was found in the code. No function
 * enters libc.
 */
#ifndef MAPFRAY_MAPPED_FILE_H
#define MAPFRAY_MAPPED_FILE_H

#include "code_test.h"
#include "scratch.h"
#include "unwind.h"

struct mapped_file {
	struct mf_unloaded file; /* as the unwinder reads it */
	int descriptor;
	struct mf_range code; /* what was mapped */
	uint64_t offset;      /* where in the file that begins */
	/* What is asked when it is needed. */
	bool is_asked, is_fixed, is_go, is_throughout;
	struct scratch *buffer; /* holds the program headers */
	size_t count;		/* of those */
	ElfW(Phdr) segment;	/* what was mapped; its type PT_NULL: code cannot be told there */
};

void mapped_file_begin(struct mapped_file *mapped, int descriptor, const struct mf_range *code,
		       uint64_t offset);
void mapped_file_end(struct mapped_file *mapped);
/* Tells nothing of a file that cannot be read, or whose code will still be changed. */
struct code_test mapped_file_test(struct mapped_file *mapped);

#endif

/* What the seccomp filters in force leave to the tracer. No function here enters libc. */
#ifndef MAPFRAY_CONFINEMENT_H
#define MAPFRAY_CONFINEMENT_H

#include "tracer.h"

/* At the start, before any other system call. False: this image was executed under a filter of which nothing
 * is known, and the tracer must not make any call of its own. */
bool confinement_start(char *const *environment);

/* Whether the log can be written to behind the ring. */
bool confinement_allows_spill(void);
/* Whether lists of VMAs can be read. */
bool confinement_allows_lists(void);
/* Whether the kernel can be asked about single VMAs. */
bool confinement_allows_query(void);
/* Whether a process can begin a log. */
bool confinement_allows_log(void);
/* The kernel took one more filter, which mf_sandbox_enter() was told of. */
void confinement_count_filter(void);
/* It is no filter: the program has system calls dispatched to itself. */
void confinement_by_dispatch(void);
/* Does without what is forbidden; once there is a log. */
void confinement_adapt(void);
/* Writes into the log what that is. */
void confinement_write_notes(void);

#endif

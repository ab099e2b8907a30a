/*
 * Which ranges are registered with which userfaultfd: when the last reference to one goes, the kernel
 * unregisters them all, and VMAs may merge.
 */
#ifndef MAPFRAY_USERFAULT_H
#define MAPFRAY_USERFAULT_H

#include "call_kind.h"

/* Whether a descriptor is a userfaultfd. Does not enter libc. */
bool userfault_is(int descriptor);
/* Keeps in mind what a registration that succeeded, as the log has it, said. Does not enter libc. */
void userfault_note(enum mf_call_number kind, const uint64_t arguments[6]);
/* Whether any descriptor in [first, last] has ranges registered in this process: to be asked before it is
 * closed. Does not enter libc. */
bool userfault_knows(unsigned first, unsigned last);
/* Records those in [first, last] that have let go of their ranges since `begin`. `registers` may be NULL.
 * Does not enter libc. */
void userfault_closed(unsigned first, unsigned last, const struct mf_registers *registers, uint64_t begin);
/* Records those whose last reference was another process's, which has gone by now: no call of this process
 * tells of that. To be called before a list is read. Does not enter libc. */
void userfault_look(void);

#endif

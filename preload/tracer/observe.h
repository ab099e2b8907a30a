/* Asks the kernel about one VMA: PROCMAP_QUERY (Linux 6.11), 0.4 to 0.7 us whatever the number of VMAs. */
#ifndef MAPFRAY_OBSERVE_H
#define MAPFRAY_OBSERVE_H

#include <sys/stat.h>

#include "tracer.h"

/* Opens /proc/self/maps at a high descriptor and finds out whether it can be asked. Does not enter libc. */
void observe_start(void);
/* Whether something else than the kernel answers for the list: an emulator, whose own memory holds the
 * program. Does not enter libc. */
bool observe_is_emulated(void);
/* Closes the list of VMAs. */
void observe_end(void);
/* Whether what stat(2) tells is our own list. Does not enter libc. */
bool observe_is_list(const struct stat *facts);
/* Whether `descriptor` is still open on our own list. Does not enter libc. */
bool observe_owns(int descriptor);
/* What the kernel says of the VMA at `address`; false where it cannot be asked. Does not enter libc. */
bool observe_vma(uint64_t address, struct mf_observation *observation);
/* As observe_vma, or of the next VMA if there is none at `address`, and without the file, which makes it
 * cheaper. Does not enter libc. */
bool observe_range(uint64_t address, struct mf_observation *observation);
/* The inode of the file that is mapped at `address`; 0: none, or it cannot be asked. Does not enter libc. */
uint64_t observe_inode(uint64_t address);
/* What is known of the file behind `descriptor` without asking for the VMA. Does not enter libc. */
bool observe_descriptor(int descriptor, struct mf_observation *observation);

/* MF_FILE_WRITABLE or MF_FILE_READ_ONLY, 0 if that is not known. Does not enter libc. */
uint64_t observe_access(int descriptor);

#endif

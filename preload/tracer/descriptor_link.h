/* What /proc says a descriptor stands for, and what it reads. No function here enters libc. */
#ifndef MAPFRAY_DESCRIPTOR_LINK_H
#define MAPFRAY_DESCRIPTOR_LINK_H

#include <stddef.h>
#include <stdint.h>

/* /proc/self/fd/N. */
struct descriptor_link {
	char path[32];
};

struct descriptor_link descriptor_link(int descriptor);
/* The path of what is open, or its name in brackets, ended by a zero: empty if /proc does not tell. Returns
 * its length, or -errno. */
long descriptor_target(int descriptor, char *target, size_t size);
/* Reads at most `size` bytes of a file; how many, 0 where that fails. */
size_t descriptor_read(int descriptor, uint64_t offset, void *bytes, size_t size);

#endif

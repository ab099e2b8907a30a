/*
 * What was found in the code of a file, kept in a file that recordings share (MAPFRAY_STUBS): to search
 * libjvm takes 3 ms. An entry belongs to one state of one file. A lost, damaged or foreign cache costs a
 * search and nothing else: each remembered place is looked at again before it is used. No function enters
 * libc but for the vDSO's clock.
 */
#ifndef MAPFRAY_STUB_CACHE_H
#define MAPFRAY_STUB_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "uncovered.h"

enum { STUB_PLACES_MAX = 111 };

/* A piece of code, told by the state of the file that it was mapped from. */
struct stub_origin {
	uint64_t device, inode; /* inode 0: the file is not known */
	uint64_t size;
	uint64_t changed; /* ns, CLOCK_REALTIME: its ctime */
	uint64_t offset;  /* where in the file the code lies */
	uint64_t length;
};

struct stub_findings {
	uint32_t count;
	struct uncovered uncovered;
	uint32_t places[STUB_PLACES_MAX]; /* of the system call instructions, from the code's beginning on */
};

/* In the constructor: `path` may be NULL, then nothing is remembered. */
void stub_cache_start(const char *path);
/* While the start is at work the file stays open. */
void stub_cache_open(void);
void stub_cache_close(void);
/* Whether code of so many bytes is remembered at all. */
bool stub_cache_is_for(uint64_t length);
struct stub_origin stub_origin_of(const struct stat *facts, uint64_t offset, uint64_t length);
bool stub_cache_find(const struct stub_origin *origin, struct stub_findings *findings);
void stub_cache_keep(const struct stub_origin *origin, const struct stub_findings *findings);

#endif

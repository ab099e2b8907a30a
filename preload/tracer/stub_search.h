/* The stubs in a piece of code that concern the tracer, one after the other: searched for, or remembered. No
 * function enters libc. */
#ifndef MAPFRAY_STUB_SEARCH_H
#define MAPFRAY_STUB_SEARCH_H

#include "code_test.h"
#include "scratch.h"
#include "stub_arch.h"
#include "stub_cache.h"

struct stub_search {
	struct stub_origin origin;
	uint64_t start, end, at;
	struct uncovered uncovered; /* when it is over: what was not given */
	size_t next;		    /* of the findings */
	bool is_known;		    /* they were remembered */
	struct scratch *buffer;	    /* holds the findings; NULL: nothing is remembered */
	struct code_test test;	    /* of where the number is computed */
};

/* What of [start, end) may be read, from a file that `origin` tells. */
void stub_search_begin(struct stub_search *search, const struct stub_origin *origin, uint64_t start,
		       uint64_t end, struct code_test test);
/* False: it is over. */
bool stub_search_next(struct stub_search *search, struct stub *stub);
/* Remembers what a search has found. */
void stub_search_end(struct stub_search *search);

#endif

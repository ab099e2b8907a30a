/* Which calls the log alone leaves in doubt, so that the kernel is asked what they made of the map. */
#ifndef MAPFRAY_DOUBT_H
#define MAPFRAY_DOUBT_H

#include "call_kind.h"

/* What is to be asked after a call: the VMAs from `start` on, until one ends at or behind `end`. */
struct doubt {
	uint64_t start;
	uint64_t end;
	bool names_file;  /* the file is wanted too */
	bool is_paid_for; /* it is asked because there is time for it */
	bool may_be_gone; /* what lies behind is wanted if nothing is left there */
};

/* From now on time counts that may be spent on questions. Does not enter libc. */
void doubt_start(void);
/* Whether to ask after a call that returned `result` at `now`; fills `doubt` if so. Does not enter libc. */
bool doubt_of(const struct call *call, enum mf_call_number kind, long result, uint64_t now,
	      struct doubt *doubt);
/* Whether one more question about the same call may be paid for. Does not enter libc. */
bool doubt_affords(uint64_t now);
/* Counts the time since the call ended as spent on questions about it. Does not enter libc. */
void doubt_pay(uint64_t since);

#endif

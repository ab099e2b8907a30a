/* Which calls the log alone leaves in doubt, so that the kernel is asked what they made of the map. */
#ifndef MAPFRAY_DOUBT_H
#define MAPFRAY_DOUBT_H

#include "call_kind.h"

/* What is to be asked after a call: the VMAs from `start` on, until one ends at or behind `end`. */
struct doubt {
	uint64_t site; /* the key of the call's backtrace: known before, as is `now`, when it had ended */
	uint64_t now;
	uint64_t start;
	uint64_t end;
	uint64_t further; /* where the VMAs begin that are asked about after the first; 0: behind it */
	uint64_t size;	  /* bytes that the call worked on */
	bool names_file;  /* the file is wanted too */
	bool is_paid_for; /* it is asked because there is time for it */
	bool may_be_gone; /* what lies behind is wanted if nothing is left there */
};

/* From now on time counts that may be spent on questions. Does not enter libc. */
void doubt_start(void);
/* Whether to ask after a call that returned `result`; fills `doubt` if so. Does not enter libc. */
bool doubt_of(const struct call *call, enum mf_call_number kind, long result, struct doubt *doubt);
/* Whether one more question about the same call may be paid for. Does not enter libc. */
bool doubt_affords(const struct doubt *doubt);
/* Takes note of the first answer, by which it is judged what is worth asking. Does not enter libc. */
void doubt_learn(const struct doubt *doubt, const struct mf_observation *answer);
/* Counts the time since the call ended as spent on questions about it. Does not enter libc. */
void doubt_pay(const struct doubt *doubt);

#endif

/* What a piece of madvise's advice does to the VMAs it is given for. */
#ifndef MAPFRAY_ADVICE_H
#define MAPFRAY_ADVICE_H

#include <stdint.h>

enum advice_effect {
	ADVICE_LEAVES_VMAS, /* it brings pages or throws them away, as allocators do all the time */
	ADVICE_WRITES,	    /* likewise, and private memory counts as written from then on */
	ADVICE_SETS_FLAGS,  /* so it may split VMAs and merge them */
};

/* Advice that is not known counts as setting flags. Does not enter libc. */
enum advice_effect advice_effect(uint64_t advice);

#endif

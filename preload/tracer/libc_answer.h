/* What a function of libc's makes of the kernel's answer. */
#ifndef MAPFRAY_LIBC_ANSWER_H
#define MAPFRAY_LIBC_ANSWER_H

#include <errno.h>

/* errno belongs to the program: set on failure, as libc does, and never otherwise. */
static inline long libc_answer(long result)
{
	if (result >= 0 || result <= -4096)
		return result;
	errno = (int)-result;
	return -1;
}

#endif

/*
 * The compiler may turn a copy into a call of memcpy or memmove. libc's own uses vector registers, which the
 * code that is interrupted at a system call instruction may hold; these do not. They bind inside this library
 * alone.
 */
#if defined(__x86_64__)
#include <stddef.h>

__attribute__((visibility("hidden"))) void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return start;
}

/* From the front, or from the end where that would overwrite what is still to be copied. */
__attribute__((visibility("hidden"))) void *memmove(void *to, const void *from, size_t count)
{
	if (to <= from)
		return memcpy(to, from, count);
	void *last = (char *)to + count - 1;
	const void *from_last = (const char *)from + count - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(from_last), "+c"(count) : : "memory");
	return to;
}

__attribute__((visibility("hidden"))) void *memset(void *to, int byte, size_t count)
{
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
	return start;
}
#endif

/*
 * The compiler may turn a copy into a call of memcpy. libc's own uses vector registers, which the code that
 * is interrupted at a system call instruction may hold; these do not. They bind inside this library alone.
 */
#if defined(__x86_64__)
#include <stddef.h>

__attribute__((visibility("hidden"))) void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return start;
}

__attribute__((visibility("hidden"))) void *memset(void *to, int byte, size_t count)
{
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
	return start;
}
#endif

/*
 * The kernel's clocks, asked through the code that the kernel maps into every process (vDSO), and by a system
 * call where that is not there. Not through libc's function: a library that feigns another time stands in for
 * it.
 */
#ifndef MAPFRAY_VDSO_H
#define MAPFRAY_VDSO_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* That the object in ld.so's list is it. */
bool vdso_is_name(const char *name);
/* In the constructor only. Enters libc (dl_iterate_phdr, dladdr1, dlsym). */
void vdso_start(void);
/* Nanoseconds; 0 if the kernel does not tell. No function below enters libc. */
uint64_t vdso_time(clockid_t clock);
/* The clocks are read without a system call, as far as the vDSO can. */
bool vdso_is_used(void);
/* The vDSO, or the data that it reads, lies in this range. */
bool vdso_is_within(uint64_t start, uint64_t end);
/* It is about to go: from now on the kernel is asked. */
void vdso_leave(void);

#endif

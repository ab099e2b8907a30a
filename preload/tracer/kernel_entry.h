/*
 * The bytes of instructions that enter the kernel, which may be those of something else. One file of this
 * interface per architecture. No function enters libc.
 */
#ifndef MAPFRAY_KERNEL_ENTRY_H
#define MAPFRAY_KERNEL_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* The next ones in [from, end), or `end`. The vector registers are the caller's to lose: this runs in the
 * constructor, or below a call of mmap, across which no vector register lives. */
uint64_t kernel_entry_find(uint64_t from, uint64_t end);
/* Whether those of a system call instruction are at `at`, of which two can be read. */
bool kernel_entry_is_syscall(uint64_t at);
/* Likewise of the way in that was made for 32 bits, with numbers and arguments of its own: int $0x80. */
bool kernel_entry_is_gate(uint64_t at);

#endif

/*
 * What differs between processors: one arch_*.h with the numbers and one arch_*.c with the functions below.
 * Registers go by their DWARF numbers. Never enters libc.
 */
#ifndef MF_ARCH_H
#define MF_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind.h"

#if defined(__x86_64__)
#include "arch_x86_64.h"
#else
#error "the unwinder knows x86-64 only"
#endif

/* Once, before any probe. */
void mf_arch_start(void);

/* Whether valgrind interprets this program. */
bool mf_arch_is_on_valgrind(void);

/* Whether the word at this aligned address can be read; by a system call without any effect. */
bool mf_arch_probe(uint64_t address);

/* Whether the bytes before this address, of which `readable` can be read, end in a call. */
bool mf_arch_follows_call(const uint8_t *address, uint64_t readable);

/* Whether the bytes before this address, of which `readable` can be read, end in a jump to an address in a
 * register, which is always taken. */
bool mf_arch_follows_jump(const uint8_t *address, uint64_t readable);

/* Whether the bytes before this address, of which `readable` can be read, end in a system call instruction.
 */
bool mf_arch_follows_syscall(const uint8_t *address, uint64_t readable);

/* Where the call leads that the bytes before this address, of which `readable` can be read, end in; 0: that
 * does not stand there. */
uint64_t mf_arch_called_before(const uint8_t *address, uint64_t readable);

/* Whether the bytes before this address, of which `readable` can be read, set up a frame pointer. */
bool mf_arch_sets_up_frame(const uint8_t *address, uint64_t readable);

/* Every register that is not in `from` becomes 0: an address computed from it is never accepted. */
void mf_arch_load(uint64_t *registers, const struct mf_registers *from);
void mf_arch_store(const uint64_t *registers, struct mf_registers *to);

#endif

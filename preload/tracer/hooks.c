/*
 * The functions that stand in for libc's, by symbol: each turns its C arguments into the system call's, has
 * the call made (call.c), and answers as libc does. The assembly entries (entry_*.S) hand over the caller's
 * registers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#include "call.h"
#include "hooks.h"
#include "kernel_abi.h"
#include "libc_answer.h"

typedef const struct mf_registers registers_t;

#define HOOK __attribute__((visibility("hidden"), used)) long

/* The system calls that syscall(2) has traced, by number. */
const uint8_t hook_syscall_interest[512] = {
    [SYS_mmap] = 1,
    [SYS_munmap] = 1,
    [SYS_mprotect] = 1,
    [SYS_pkey_mprotect] = 1,
    [SYS_mremap] = 1,
    [SYS_brk] = 1,
    [SYS_madvise] = 1,
    [SYS_mlock] = 1,
    [SYS_mlock2] = 1,
    [SYS_munlock] = 1,
    [SYS_mlockall] = 1,
    [SYS_munlockall] = 1,
    [SYS_mbind] = 1,
    [SYS_shmat] = 1,
    [SYS_shmdt] = 1,
    [SYS_remap_file_pages] = 1,
    [SYS_prctl] = 1,
    [SYS_mseal] = 1,
    [SYS_personality] = 1, /* what can be read may become what can be executed */
    [SYS_io_setup] = 1,
    [SYS_io_destroy] = 1,
    [SYS_ioctl] = 1, /* a userfaultfd's, of which two change the map */
    [SYS_process_madvise] = 1,
    [SYS_set_mempolicy_home_node] = 1,
    [SYS_exit_group] = 1, /* nor this: the log ends with it */
    [SYS_execve] = 1,	  /* as it does with these */
    [SYS_execveat] = 1,
    [SYS_seccomp] = 1,	  /* not for the map: it says what may still be called */
    [SYS_getdents64] = 1, /* nor this: it lists descriptors */
    [SYS_map_shadow_stack] = 1,
};

static long make(long number, registers_t *registers, uint8_t caught, const uint64_t arguments[6])
{
	struct call call = {.number = number, .registers = registers, .caught = caught};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	return call_make(&call);
}

#define MAKE(number, ...) libc_answer(make(number, registers, MF_CALL_BY_SYMBOL, (uint64_t[6]){__VA_ARGS__}))

#define ARGUMENTS                                                                                            \
	uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, registers_t *registers
#define UNUSED (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)registers

/* int and unsigned arguments arrive with undefined upper halves: they are widened as the C types demand. */
#define INT(x)	    (uint64_t)(int64_t)(int)(x)
#define UNSIGNED(x) (uint64_t)(unsigned)(x)

HOOK hook_mmap(ARGUMENTS)
{
	return MAKE(SYS_mmap, a, b, INT(c), INT(d), INT(e), f);
}

HOOK hook_mmap64(ARGUMENTS)
{
	return MAKE(SYS_mmap, a, b, INT(c), INT(d), INT(e), f);
}

HOOK hook_munmap(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_munmap, a, b);
}

HOOK hook_mprotect(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_mprotect, a, b, INT(c));
}

HOOK hook_pkey_mprotect(ARGUMENTS)
{
	UNUSED;
	/* glibc: a key of -1 is an ordinary mprotect. */
	if ((int)d == -1)
		return MAKE(SYS_mprotect, a, b, INT(c));
	return MAKE(SYS_pkey_mprotect, a, b, INT(c), INT(d));
}

HOOK hook_mremap(ARGUMENTS)
{
	UNUSED;
	/* The new address is an optional argument: without the flags that name it, its register holds
	 * anything. */
	bool has_address = (int)d & (MREMAP_FIXED | 4 /* MREMAP_DONTUNMAP */);
	return MAKE(SYS_mremap, a, b, c, INT(d), has_address ? e : 0);
}

HOOK hook_madvise(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_madvise, a, b, INT(c));
}

/* Returns the error instead of setting errno; POSIX_MADV_DONTNEED is no system call in glibc. */
HOOK hook_posix_madvise(ARGUMENTS)
{
	UNUSED;
	if ((int)c == POSIX_MADV_DONTNEED)
		return 0;
	long result = make(SYS_madvise, registers, MF_CALL_BY_SYMBOL, (uint64_t[6]){a, b, INT(c)});
	return -result;
}

HOOK hook_mlock(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_mlock, a, b);
}

HOOK hook_mlock2(ARGUMENTS)
{
	UNUSED;
	/* glibc: without flags it is mlock. */
	if ((unsigned)c == 0)
		return MAKE(SYS_mlock, a, b);
	return MAKE(SYS_mlock2, a, b, UNSIGNED(c));
}

HOOK hook_munlock(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_munlock, a, b);
}

HOOK hook_mlockall(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_mlockall, INT(a));
}

HOOK hook_munlockall(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_munlockall, 0);
}

HOOK hook_mbind(ARGUMENTS)
{
	return MAKE(SYS_mbind, a, b, INT(c), d, e, UNSIGNED(f));
}

HOOK hook_shmat(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_shmat, INT(a), b, INT(c));
}

HOOK hook_shmdt(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_shmdt, a);
}

HOOK hook_remap_file_pages(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_remap_file_pages, a, b, INT(c), d, INT(e));
}

HOOK hook_prctl(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_prctl, INT(a), b, c, d, e);
}

HOOK hook_mseal(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_mseal, a, b, c);
}

HOOK hook_personality(ARGUMENTS)
{
	UNUSED;
	return MAKE(SYS_personality, UNSIGNED(a));
}

/* syscall(number, ...): its sixth argument lies on the caller's stack. */
HOOK hook_traced_syscall(ARGUMENTS)
{
	uint64_t sixth = *(const uint64_t *)registers->sp;
	return libc_answer(make((long)a, registers, MF_CALL_BY_SYSCALL, (uint64_t[6]){b, c, d, e, f, sixth}));
}

#define _GNU_SOURCE
#include "call_kind.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "advice.h"
#include "kernel_abi.h"

static const uint32_t ASKED_ABOUT = 0xFFFFFFFF; /* personality(2) */

/* Bit N: argument N is an int (SYSCALL_DEFINE in mm/, ipc/shm.c, kernel/sys.c, kernel/seccomp.c, fs/aio.c).
 */
static unsigned ints_of(long number)
{
	enum { FIRST = 1, THIRD = 4, FOURTH = 8, FIFTH = 16, SIXTH = 32 };
	switch (number) {
	case SYS_madvise:
	case SYS_mlock2:
	case SYS_map_shadow_stack:
		return THIRD;
	case SYS_pkey_mprotect:
		return FOURTH;
	case SYS_shmat:
		return FIRST | THIRD;
	case SYS_mlockall:
	case SYS_prctl:
	case SYS_personality:
	case SYS_io_setup:
	case SYS_seccomp:
		return FIRST;
	case SYS_mbind:
		return SIXTH;
	case SYS_process_madvise:
		return FIRST | FOURTH | FIFTH;
	default:
		return 0;
	}
}

const struct call *call_narrow(const struct call *call, struct call *narrow)
{
	unsigned ints = ints_of(call->number);
	if (!ints)
		return call;
	*narrow = *call;
	for (int i = 0; i < 6; i++)
		if (ints >> i & 1)
			narrow->arguments[i] = (uint64_t)(int32_t)call->arguments[i];
	return narrow;
}

static bool prctl_changes_map(uint64_t option)
{
	return option == PR_SET_VMA || option == PR_SET_MEMORY_MERGE;
}

/* Only a userfaultfd's. */
static enum mf_call_number ioctl_kind(uint64_t request)
{
	switch ((uint32_t)request) {
	case (uint32_t)UFFDIO_REGISTER:
		return MF_CALL_USERFAULTFD_REGISTER;
	case (uint32_t)UFFDIO_UNREGISTER:
		return MF_CALL_USERFAULTFD_UNREGISTER;
	default:
		return 0;
	}
}

enum mf_call_number call_kind(long number, const uint64_t arguments[6])
{
	switch (number) {
	case SYS_mmap:
		return MF_CALL_MMAP;
	case SYS_munmap:
		return MF_CALL_MUNMAP;
	case SYS_mprotect:
		return MF_CALL_MPROTECT;
	case SYS_pkey_mprotect:
		return MF_CALL_PKEY_MPROTECT;
	case SYS_mremap:
		return MF_CALL_MREMAP;
	case SYS_brk:
		return MF_CALL_BRK;
	case SYS_madvise:
		return MF_CALL_MADVISE;
	case SYS_mlock:
		return MF_CALL_MLOCK;
	case SYS_mlock2:
		return MF_CALL_MLOCK2;
	case SYS_munlock:
		return MF_CALL_MUNLOCK;
	case SYS_mlockall:
		return MF_CALL_MLOCKALL;
	case SYS_munlockall:
		return MF_CALL_MUNLOCKALL;
	case SYS_mbind:
		return MF_CALL_MBIND;
	case SYS_shmat:
		return MF_CALL_SHMAT;
	case SYS_shmdt:
		return MF_CALL_SHMDT;
	case SYS_remap_file_pages:
		return MF_CALL_REMAP_FILE_PAGES;
	case SYS_prctl:
		return prctl_changes_map(arguments[0]) ? MF_CALL_PRCTL : 0;
	case SYS_mseal:
		return MF_CALL_MSEAL;
	case SYS_io_setup:
		return MF_CALL_IO_SETUP;
	case SYS_io_destroy:
		return MF_CALL_IO_DESTROY;
	case SYS_set_mempolicy_home_node:
		return MF_CALL_SET_MEMPOLICY_HOME_NODE;
	case SYS_map_shadow_stack:
		return MF_CALL_MAP_SHADOW_STACK;
	case SYS_ioctl:
		return ioctl_kind(arguments[1]);
	case SYS_process_madvise:
		return advice_effect(arguments[3]) != ADVICE_LEAVES_VMAS ? MF_CALL_PROCESS_MADVISE : 0;
	case SYS_personality:
		return (uint32_t)arguments[0] != ASKED_ABOUT ? MF_CALL_PERSONALITY : 0;
	default:
		return 0;
	}
}

uint8_t call_argument_count(enum mf_call_number kind)
{
	static const uint8_t counts[] = {
	    [MF_CALL_MMAP] = 6,
	    [MF_CALL_MUNMAP] = 2,
	    [MF_CALL_MPROTECT] = 3,
	    [MF_CALL_PKEY_MPROTECT] = 4,
	    [MF_CALL_MREMAP] = 5,
	    [MF_CALL_BRK] = 1,
	    [MF_CALL_MADVISE] = 3,
	    [MF_CALL_MLOCK] = 2,
	    [MF_CALL_MLOCK2] = 3,
	    [MF_CALL_MUNLOCK] = 2,
	    [MF_CALL_MLOCKALL] = 1,
	    [MF_CALL_MUNLOCKALL] = 0,
	    [MF_CALL_MBIND] = 6,
	    [MF_CALL_SHMAT] = 3,
	    [MF_CALL_SHMDT] = 1,
	    [MF_CALL_REMAP_FILE_PAGES] = 5,
	    [MF_CALL_PRCTL] = 5,
	    [MF_CALL_MSEAL] = 3,
	    [MF_CALL_IO_SETUP] = 2,
	    [MF_CALL_IO_DESTROY] = 1,
	    [MF_CALL_SET_MEMPOLICY_HOME_NODE] = 4,
	    [MF_CALL_MAP_SHADOW_STACK] = 3,
	    [MF_CALL_USERFAULTFD_REGISTER] = 5,
	    [MF_CALL_USERFAULTFD_UNREGISTER] = 3,
	    [MF_CALL_USERFAULTFD_CLOSE] = 1,
	    [MF_CALL_PROCESS_MADVISE] = 5,
	    [MF_CALL_PERSONALITY] = 1,
	};
	return kind < sizeof counts ? counts[kind] : 6;
}

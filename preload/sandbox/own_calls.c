/* A call that is missing here still works in a program without filters, and is never made in one that has
 * some. */
#define _GNU_SOURCE
#include "own_calls.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#define PROCMAP_QUERY_REQUEST 0xC0686611UL /* as in observe.c */
#define PAGEMAP_SCAN_REQUEST  0xC0606610UL /* as in initial_flags.c */
#define PR_GET_MEMORY_MERGE   68
#define HERE		      (uint64_t) AT_FDCWD
#define RW		      (PROT_READ | PROT_WRITE)
#define NO_ACTION	      ~0UL /* rt_sigprocmask: only to learn whether memory can be read */

/* Which arguments are the same each time, by their places. */
#define CALL(name, places, ...)                                                                              \
	{                                                                                                    \
		.number = SYS_##name, .known = (places), .arguments = { __VA_ARGS__ }                        \
	}
#define NONE   0
#define FIRST  1
#define SECOND 2
#define THIRD  4
#define FOURTH 8
#define FIFTH  16
#define SIXTH  32

static const struct mf_known_call calls[] = {
    CALL(getpid, NONE, 0),
    CALL(getppid, NONE, 0),
    CALL(gettid, NONE, 0),
    CALL(getuid, NONE, 0),
    CALL(geteuid, NONE, 0),
    CALL(getgid, NONE, 0),
    CALL(getegid, NONE, 0),
    CALL(getcwd, NONE, 0),
    CALL(uname, NONE, 0),
    CALL(clock_gettime, FIRST, CLOCK_MONOTONIC),
    CALL(clock_gettime, FIRST, CLOCK_REALTIME),
    CALL(sched_yield, NONE, 0),
    CALL(nanosleep, SECOND, 0, 0),
    CALL(brk, FIRST, 0),

    CALL(readlinkat, FIRST, HERE),
    CALL(openat, FIRST | THIRD | FOURTH, HERE, 0, O_RDONLY | O_CLOEXEC, 0),
    CALL(openat, FIRST | THIRD | FOURTH, HERE, 0, O_RDWR | O_CLOEXEC, 0),
    CALL(openat, FIRST | THIRD | FOURTH, HERE, 0, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0),
    CALL(openat, FIRST | THIRD | FOURTH, HERE, 0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
    CALL(mkdirat, FIRST | THIRD, HERE, 0, 0700),
    CALL(unlinkat, FIRST | THIRD, HERE, 0, 0),
    CALL(faccessat, FIRST | THIRD, HERE, 0, 1),
    CALL(faccessat, FIRST | THIRD, HERE, 0, 3),

    CALL(read, NONE, 0),
    CALL(pread64, NONE, 0),
    CALL(pwrite64, NONE, 0),
    CALL(lseek, SECOND | THIRD, 0, 0, SEEK_SET),
    CALL(close, NONE, 0),
    CALL(fstat, NONE, 0),
    CALL(fstatfs, NONE, 0),
    CALL(statfs, NONE, 0),
    CALL(ftruncate, NONE, 0),
    CALL(newfstatat, FOURTH, 0, 0, 0, AT_EMPTY_PATH),
    CALL(newfstatat, FOURTH, 0, 0, 0, 0),
    CALL(fcntl, SECOND, 0, F_DUPFD_CLOEXEC),
    CALL(ioctl, SECOND, 0, PROCMAP_QUERY_REQUEST),
    CALL(ioctl, SECOND, 0, PAGEMAP_SCAN_REQUEST),
    CALL(prctl, FIRST, PR_GET_MEMORY_MERGE),
    CALL(prctl, FIRST, PR_GET_TID_ADDRESS),
    CALL(prctl, FIRST | SECOND | THIRD | FOURTH | FIFTH, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
    CALL(fgetxattr, FOURTH, 0, 0, 0, 24),
    CALL(set_tid_address, NONE, 0),
    CALL(fallocate, SECOND, 0, 0),
    CALL(fallocate, SECOND, 0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE),

    CALL(prlimit64, FIRST | THIRD, 0, 0, 0),
    CALL(prlimit64, FIRST | SECOND | FOURTH, 0, RLIMIT_NOFILE, 0, 0),

    CALL(mmap, FIRST | SECOND | THIRD | FOURTH | FIFTH | SIXTH, 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS,
	 ~0UL, 0),
    CALL(mmap, FIRST | THIRD | FOURTH | SIXTH, 0, 0, RW, MAP_SHARED, 0, 0),
    CALL(mmap, THIRD | FOURTH | SIXTH, 0, 0, RW, MAP_SHARED | MAP_FIXED, 0, 0),
    CALL(mmap, THIRD | FOURTH | FIFTH | SIXTH, 0, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0UL, 0),
    CALL(mmap, THIRD | FOURTH | FIFTH | SIXTH, 0, 0, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, ~0UL, 0),
    CALL(madvise, THIRD, 0, 0, MADV_RANDOM),
    CALL(madvise, THIRD, 0, 0, MADV_DONTDUMP),
    CALL(madvise, THIRD, 0, 0, MADV_WIPEONFORK),

    CALL(rt_sigprocmask, FIRST | FOURTH, SIG_SETMASK, 0, 0, 8),
    CALL(rt_sigprocmask, FIRST | THIRD | FOURTH, NO_ACTION, 0, 0, 8),
    CALL(rt_sigpending, SECOND, 0, 8),
    CALL(sigaltstack, FIRST, 0),
    CALL(rt_sigtimedwait, SECOND | FOURTH, 0, 0, 0, 8),
};

_Static_assert(sizeof calls / sizeof calls[0] <= 64, "one bit for each");

size_t mf_own_call_count(void)
{
	return sizeof calls / sizeof calls[0];
}

const struct mf_known_call *mf_own_call(size_t index)
{
	return &calls[index];
}

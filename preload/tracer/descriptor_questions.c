/*
 * The functions by which programs ask what is open: of the tracer's descriptors they learn that nothing is.
 * By symbol alone: the system call may block (F_SETLKW), and is made from stacks on which there is no room
 * for anything.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "libc_answer.h"
#include "raw_syscall.h"

struct stat;

/* Under a name of its own: the headers declare some with an optional argument, which is passed on as it came.
 * Where libc has no such function, the system call of this number with these arguments stands in. */
#define QUESTION(type, name, parameters, arguments, number, second, third)                                   \
	static type(*libc_##name) parameters;                                                                \
	__attribute__((visibility("default"))) type asked_by_##name parameters __asm__(#name);               \
	type asked_by_##name parameters                                                                      \
	{                                                                                                    \
		if (__builtin_expect(descriptor_is_ours(descriptor), 0))                                     \
			return (type)libc_answer(-EBADF);                                                    \
		if (libc_##name)                                                                             \
			return libc_##name arguments;                                                        \
		return (type)libc_answer(                                                                    \
		    program_syscall(number, descriptor, (long)(second), (long)(third), 0, 0, 0));            \
	}

/* clang-format off */
QUESTION(int, fcntl, (int descriptor, int command, void *argument), (descriptor, command, argument),
	 SYS_fcntl, command, argument)
QUESTION(int, fcntl64, (int descriptor, int command, void *argument), (descriptor, command, argument),
	 SYS_fcntl, command, argument)
QUESTION(int, fstat, (int descriptor, struct stat *facts), (descriptor, facts), SYS_fstat, facts, 0)
QUESTION(int, fstat64, (int descriptor, struct stat *facts), (descriptor, facts), SYS_fstat, facts, 0)
QUESTION(off_t, lseek, (int descriptor, off_t offset, int whence), (descriptor, offset, whence),
	 SYS_lseek, offset, whence)
QUESTION(off_t, lseek64, (int descriptor, off_t offset, int whence), (descriptor, offset, whence),
	 SYS_lseek, offset, whence)
QUESTION(int, dup, (int descriptor), (descriptor), SYS_dup, 0, 0)

/* fstat of what was linked before glibc 2.33. */
QUESTION(int, __fxstat, (int version, int descriptor, struct stat *facts), (version, descriptor, facts),
	 SYS_fstat, facts, 0)
QUESTION(int, __fxstat64, (int version, int descriptor, struct stat *facts), (version, descriptor, facts),
	 SYS_fstat, facts, 0)
/* clang-format on */

#define FIND(name) libc_##name = (__typeof__(libc_##name))dlsym(RTLD_NEXT, #name)

/* May enter libc. */
__attribute__((constructor)) static void find_functions(void)
{
	FIND(fcntl);
	FIND(fcntl64);
	FIND(fstat);
	FIND(fstat64);
	FIND(lseek);
	FIND(lseek64);
	FIND(dup);
	FIND(__fxstat);
	FIND(__fxstat64);
}

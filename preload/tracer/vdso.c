#define _GNU_SOURCE
#include "vdso.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "text.h"
#include "tracer.h"

#if defined(__x86_64__)
#define CLOCK_FUNCTION "__vdso_clock_gettime"
#else
#define CLOCK_FUNCTION "__kernel_clock_gettime"
#endif

typedef int clock_function(clockid_t clock, struct timespec *time);

static clock_function *read_clock; /* NULL: the kernel is asked */

bool vdso_is_name(const char *name)
{
	return text_begins(name, "linux-vdso") || text_begins(name, "linux-gate");
}

static void find_function(const struct dl_phdr_info *object)
{
	struct link_map *map = NULL;
	Dl_info unused;
	/* Its program headers lie within it. */
	if (dladdr1(object->dlpi_phdr, &unused, (void **)&map, RTLD_DL_LINKMAP) && map)
		read_clock = (clock_function *)dlsym(map, CLOCK_FUNCTION);
}

static int find_vdso(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (!vdso_is_name(object->dlpi_name))
		return 0;
	find_function(object);
	return 1;
}

void vdso_start(void)
{
	dl_iterate_phdr(find_vdso, NULL);
}

uint64_t vdso_time(clockid_t clock)
{
	struct timespec now = {0};
	if (__builtin_expect(!read_clock || read_clock(clock, &now) != 0, 0))
		raw_syscall2(SYS_clock_gettime, clock, (long)&now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool vdso_is_used(void)
{
	return read_clock != NULL;
}

#define _GNU_SOURCE
#include "vdso.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "glibc_only.h"
#include "object_range.h"
#include "text.h"
#include "tracer.h"

#if defined(__x86_64__)
#define CLOCK_FUNCTION "__vdso_clock_gettime"
#else
#define CLOCK_FUNCTION "__kernel_clock_gettime"
#endif

enum { DATA = 6 * 4096 }; /* right below the code: [vvar], [vvar_vclock]; in older kernels less */

typedef int clock_function(clockid_t clock, struct timespec *time);

static clock_function *read_clock; /* atomic; NULL: the kernel is asked */
static uint64_t code, code_end;

bool vdso_is_name(const char *name)
{
	return text_begins(name, "linux-vdso") || text_begins(name, "linux-gate");
}

static void find_function(const struct dl_phdr_info *object)
{
	struct link_map *map = NULL;
	Dl_info unused;
	struct mf_range range = object_range(object);
	if (range.end <= range.start)
		return;
	code = range.start;
	code_end = range.end;
	if (dladdr1((const void *)code, &unused, (void **)&map, RTLD_DL_LINKMAP) && map)
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
	clock_function *function = __atomic_load_n(&read_clock, __ATOMIC_RELAXED);
	if (__builtin_expect(!function || function(clock, &now) != 0, 0))
		raw_syscall2(SYS_clock_gettime, clock, (long)&now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool vdso_is_used(void)
{
	return __atomic_load_n(&read_clock, __ATOMIC_RELAXED) != NULL;
}

bool vdso_is_within(uint64_t start, uint64_t end)
{
	return vdso_is_used() && start < code_end && end > code - DATA;
}

void vdso_leave(void)
{
	__atomic_store_n(&read_clock, NULL, __ATOMIC_RELAXED);
}

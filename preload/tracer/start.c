/* The start: reads what the tracer is told, and begins the log before the program's first own instruction. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "clock.h"
#include "confinement.h"
#include "doubt.h"
#include "environment.h"
#include "glibc_only.h"
#include "growth.h"
#include "log.h"
#include "lowest.h"
#include "neighbours.h"
#include "object_range.h"
#include "observe.h"
#include "stubs.h"
#include "text.h"
#include "thread_state.h"
#include "unrecordable.h"

enum { PAGE = 4096, RING_SIZE = 1 << 20, DEPTH = 128 };

/* The linker's: the library's uninitialised data. */
extern char __bss_start[] __attribute__((visibility("hidden")));

static uint64_t variable_number(char **environment, const char *name, uint64_t otherwise)
{
	const char *at = environment_value(environment, name);
	return at && *at ? text_number(&at, 10) : otherwise;
}

static int find_own_library(struct dl_phdr_info *object, size_t size, void *environment)
{
	(void)size;
	struct mf_range range = object_range(object);
	if ((uint64_t)&tracer < range.start || (uint64_t)&tracer >= range.end)
		return 0;
	uint64_t start = range.start & ~(uint64_t)(PAGE - 1);
	uint64_t end = (range.end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	log_add_own_range((const void *)start, end - start);
	environment_start(environment, object->dlpi_name);
	return 1;
}

/* The folder for logs, made absolute, because the program may change its directory. */
static void set_output(const char *output)
{
	struct text text = text_over(tracer.output, sizeof tracer.output);
	char directory[2048];
	if (output[0] != '/' && raw_syscall2(SYS_getcwd, (long)directory, sizeof directory) > 0) {
		text_add(&text, directory);
		text_add(&text, "/");
	}
	text_add(&text, output);
}

/* ld.so maps a library right below a page of its own, and the two would be one VMA, counted for the program
 * or for the tracer. The library is built to have no anonymous pages (Package.swift); should it have some
 * after all, a flag keeps them apart. */
static void keep_data_apart(void)
{
	uint64_t start = ((uint64_t)__bss_start + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	uint64_t end = ((uint64_t)_end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (start < end)
		raw_syscall3(SYS_madvise, (long)start, (long)(end - start), MADV_DONTDUMP);
}

static bool read_options(char **environment)
{
	const char *output = environment_value(environment, "MAPFRAY_OUTPUT");
	if (!output || !*output || text_length(output) >= sizeof tracer.output)
		return false;
	set_output(output);
	/* The number of who started the one process to trace; all others stay out. */
	uint64_t starter = variable_number(environment, "MAPFRAY_FOLLOW", 0);
	tracer.follows = !starter;
	if (starter && starter != (uint64_t)raw_syscall0(SYS_getppid))
		return false;
	tracer.flight_recorder = environment_value(environment, "MAPFRAY_FLIGHT_RECORDER") != NULL;
	uint64_t size = variable_number(environment, "MAPFRAY_FLIGHT_RECORDER", 0);
	if (!tracer.flight_recorder)
		size = variable_number(environment, "MAPFRAY_RING", RING_SIZE);
	tracer.ring_size = size < MF_RING_SIZE_LEAST ? MF_RING_SIZE_LEAST : size;
	tracer.spill_limit = variable_number(environment, "MAPFRAY_MAX_SPILL", 0);
	tracer.depth = variable_number(environment, "MAPFRAY_DEPTH", DEPTH);
	stub_cache_start(environment_value(environment, "MAPFRAY_STUBS"));
	const char *rules = environment_value(environment, "MAPFRAY_RULES");
	if (rules && text_length(rules) < sizeof tracer.rules)
		__builtin_memcpy(tracer.rules, rules, text_length(rules));
	if (tracer.depth < 1 || tracer.depth > MF_STACK_DEPTH_MAX)
		tracer.depth = DEPTH;
	return true;
}

/* A page that reads 1 here and 0 in a child after fork, even after a raw clone; vfork children share it. */
static bool map_alive_page(void)
{
	long page =
	    raw_syscall6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page < 0 && page > -PAGE)
		return false;
	tracer.alive = (uint64_t *)page;
	log_add_own_range(tracer.alive, PAGE);
	*tracer.alive = 1;
	return raw_syscall3(SYS_madvise, page, PAGE, MADV_WIPEONFORK) == 0;
}

/* In a folder that is created if it is not there. */
static bool open_log(void)
{
	int error = log_open(NULL);
	if (error == -ENOENT) {
		raw_syscall3(SYS_mkdirat, AT_FDCWD, (long)tracer.output, 0700);
		error = log_open(NULL);
	}
	return error == 0;
}

/* As `ld.so PROGRAM ARGUMENT...`: the program sees the list without the first. */
static bool is_started_by_linker(void)
{
	return stubs_is_libc(tracer.executable);
}

/* Runs before every other constructor (-z initfirst); may enter libc. */
__attribute__((constructor)) static void start(int count, char **arguments, char **environment)
{
	(void)count;
	if (!gnu_get_libc_version || !environment_value(environment, "MAPFRAY_OUTPUT") ||
	    !confinement_start(environment) || !confinement_allows_log() || !read_options(environment))
		return;
	neighbours_make_way();
	tracer.state = TRACER_STARTING;
	tracer.process = (uint32_t)raw_syscall0(SYS_getpid);
	mf_unwind_start();
	thread_state_start();
	tracer_learn_from_libc();
	tracer.salt = (uint64_t)tracer.process * 0x9E3779B97F4A7C15ULL;
	long length = raw_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)tracer.executable,
				   sizeof tracer.executable - 1);
	tracer.executable[length > 0 ? length : 0] = 0;
	clock_start();
	dl_iterate_phdr(find_own_library, environment);
	keep_data_apart();
	observe_start();
	doubt_start();
	lowest_start(false);
	growth_start(environment);
	/* qemu-x86_64 runs under a tracer itself, which sees all that the kernel is asked for. */
	if (observe_is_emulated() || !open_log() || !map_alive_page()) {
		observe_end();
		tracer.state = TRACER_OFF;
		return;
	}
	log_add_own_range(tracer.ring.header, tracer.ring.mapping_size);
	unrecordable_start();
	stubs_start();
	neighbours_find();
	if (mf_sandbox_is_confined())
		confinement_adapt();
	log_write_beginning(MF_SNAPSHOT_START, MF_UNKNOWN, 0, is_started_by_linker() ? NULL : arguments);
	__atomic_store_n(&tracer.state, TRACER_RECORDING, __ATOMIC_RELEASE);
}

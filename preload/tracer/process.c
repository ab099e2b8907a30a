/* The life of a log: the start in a constructor, the new beginning in a forked child, the orderly end. */
#define _GNU_SOURCE
#include "tracer.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "call.h"
#include "definitions.h"
#include "environment.h"
#include "limits.h"
#include "neighbours.h"
#include "observe.h"
#include "scratch.h"
#include "snapshot.h"
#include "stubs.h"
#include "text.h"
#include "watch.h"

enum { PAGE = 4096, RING_SIZE = 1 << 20, RING_SIZE_LEAST = 256 << 10, DEPTH = 128, DESCRIPTOR = 1000 };

struct tracer tracer = {.maps = -1};

static __thread uint32_t thread_number; /* 0: not asked yet */

/* The linker's: the library's uninitialised data. */
extern char __bss_start[] __attribute__((visibility("hidden"))), _end[] __attribute__((visibility("hidden")));

static struct mf_range own_ranges[8];
static size_t own_range_count;
static uint64_t own_range_time;

uint64_t tracer_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t real_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t tracer_thread(void)
{
	if (!thread_number) {
		thread_number = (uint32_t)raw_syscall0(SYS_gettid);
		if (thread_number != tracer.process)
			tracer.has_threads = true;
	}
	return thread_number;
}

void tracer_forget_thread(void)
{
	thread_number = 0;
}

bool tracer_is_recording(void)
{
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) != TRACER_RECORDING)
		return false;
	if (__builtin_expect(!__atomic_load_n(tracer.alive, __ATOMIC_RELAXED), 0))
		tracer_start_in_child();
	return __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING;
}

bool tracer_follows_image(void)
{
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_OFF)
		return false;
	return tracer.follows || tracer.process == (uint32_t)raw_syscall0(SYS_getpid);
}

/* --- the log's first records --- */

/* DIR/PID.START.mapfray: an exec keeps the number, so the start tells its images apart. */
static void log_path(char *path, size_t size, uint64_t start)
{
	struct text text = text_over(path, size);
	text_add(&text, tracer.output);
	text_add(&text, "/");
	text_add_number(&text, tracer.process);
	text_add(&text, ".");
	text_add_number(&text, start);
	text_add(&text, MF_FILE_SUFFIX);
}

/* A child's ring is the one mapping it makes while its program runs: written down, as the kernel was asked
 * for it. */
static void record_own_call(long number, const uint64_t arguments[6], long result, uint64_t begin)
{
	struct call call = {.number = number, .caught = MF_CALL_IN_TRACER};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	call_write_own(&call, result, begin, tracer_now());
}

/* Without this the first touch reads ahead: 0.3 ms that a short-lived process would spend on zeros it never
 * uses. */
static void touch_at_random(bool is_child)
{
	uint64_t begin = tracer_now(), ring = (uint64_t)tracer.ring.header, size = tracer.ring.mapping_size;
	long result = raw_syscall3(SYS_madvise, (long)ring, (long)size, MADV_RANDOM);
	if (is_child)
		record_own_call(SYS_madvise, (uint64_t[6]){ring, size, MADV_RANDOM}, result, begin);
}

static void record_own_mapping(uint64_t begin)
{
	uint64_t ring = (uint64_t)tracer.ring.header;
	uint64_t arguments[6] = {ring, tracer.ring.mapping_size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, (uint64_t)tracer.ring.descriptor};
	record_own_call(SYS_mmap, arguments, (long)ring, begin);
}

static int open_log(void *place)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return -1;
	struct mf_ring_options options = {.ring_size = tracer.ring_size,
					  .flight_recorder = tracer.flight_recorder,
					  .place = place,
					  .least_descriptor = DESCRIPTOR,
					  .now = tracer_now,
					  .start_time = tracer_now(),
					  .start_realtime = real_time(),
					  .process = tracer.process,
					  .parent_process = (uint32_t)raw_syscall0(SYS_getppid)};
	log_path(scratch->bytes, sizeof scratch->bytes, options.start_time);
	int error = mf_ring_open(&tracer.ring, scratch->bytes, &options);
	scratch_give(scratch);
	if (error)
		return error;
	if (place)
		record_own_mapping(options.start_time);
	touch_at_random(place != NULL);
	return 0;
}

static void write_own_ranges(void)
{
	uint64_t words[(sizeof(struct mf_own_ranges) + sizeof own_ranges) / 8];
	struct mf_own_ranges *record = (struct mf_own_ranges *)words;
	size_t size = sizeof *record + own_range_count * sizeof own_ranges[0];
	*record = (struct mf_own_ranges){.record = {.kind = MF_OWN_RANGES, .size = (uint16_t)size},
					 .time = own_range_time,
					 .count = own_range_count};
	for (size_t i = 0; i < own_range_count; i++)
		record->ranges[i] = own_ranges[i];
	mf_ring_define(&tracer.ring, &record->record);
}

static void add_own_range(const void *start, size_t size)
{
	if (own_range_count < sizeof own_ranges / sizeof own_ranges[0])
		own_ranges[own_range_count++] = (struct mf_range){(uint64_t)start, (uint64_t)start + size};
}

/* Adds a string with its ending zero; what does not fit is left out whole. */
static bool add_string(struct text *text, const char *string)
{
	size_t length = text_length(string) + 1;
	if (text->length + length >= text->size)
		return false;
	text_add_bytes(text, string, length);
	return true;
}

/* The arguments as the kernel keeps them, cut where the record ends. */
static uint64_t add_arguments(struct text *text)
{
	struct scratch *scratch = scratch_take();
	uint64_t count = 0;
	if (!scratch)
		return 0;
	long length = text_read_file("/proc/self/cmdline", scratch->bytes, sizeof scratch->bytes);
	for (long at = 0; at < length; at += (long)text_length(scratch->bytes + at) + 1, count++)
		if (!add_string(text, scratch->bytes + at))
			break;
	scratch_give(scratch);
	return count;
}

static void write_process(uint64_t parent_position, uint64_t parent_start)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return;
	struct mf_process *process = (struct mf_process *)scratch->bytes;
	struct text text = text_over(process->strings, MF_RECORD_SIZE_MAX - sizeof *process - 8);
	struct utsname system;
	char directory[1024] = "";
	raw_syscall1(SYS_uname, (long)&system);
	raw_syscall2(SYS_getcwd, (long)directory, sizeof directory);
	*process = (struct mf_process){.record.kind = MF_PROCESS,
				       .parent_log_position = parent_position,
				       .parent_start_time = parent_start};
	add_string(&text, system.release);
	add_string(&text, system.machine);
	add_string(&text, gnu_get_libc_version());
	add_string(&text, tracer.executable);
	add_string(&text, directory);
	process->argument_count = add_arguments(&text);
	process->strings_size = text.length;
	while (text.length % 8)
		text.bytes[text.length++] = 0;
	process->record.size = (uint16_t)(sizeof *process + text.length);
	mf_ring_define(&tracer.ring, &process->record);
	scratch_give(scratch);
}

static void write_beginning(enum mf_snapshot_reason reason, uint64_t parent_position, uint64_t parent_start)
{
	write_process(parent_position, parent_start);
	write_own_ranges();
	stubs_write_coverage();
	struct snapshot_result taken = snapshot_take(reason, true);
	limits_record(taken.number, taken.number ? taken.count : MF_UNKNOWN, false);
	watch_start(taken.count);
}

/* --- start --- */

static const char *variable(char **environment, const char *name)
{
	size_t length = text_length(name);
	for (; environment && *environment; environment++)
		if (text_begins(*environment, name) && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static uint64_t variable_number(char **environment, const char *name, uint64_t otherwise)
{
	const char *at = variable(environment, name);
	return at && *at ? text_number(&at, 10) : otherwise;
}

static int find_own_library(struct dl_phdr_info *object, size_t size, void *environment)
{
	(void)size;
	uint64_t start = UINT64_MAX, end = 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		if (object->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		uint64_t at = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		start = at < start ? at : start;
		end = at + object->dlpi_phdr[i].p_memsz > end ? at + object->dlpi_phdr[i].p_memsz : end;
	}
	if ((uint64_t)&tracer < start || (uint64_t)&tracer >= end)
		return 0;
	start &= ~(uint64_t)(PAGE - 1);
	end = (end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	add_own_range((const void *)start, end - start);
	environment_start(environment, object->dlpi_name);
	return 1;
}

/* The folder for logs, made absolute, because the program may change its directory, and created if it is not
 * there. */
static void set_output(const char *output)
{
	struct text text = text_over(tracer.output, sizeof tracer.output);
	char directory[2048];
	if (output[0] != '/' && raw_syscall2(SYS_getcwd, (long)directory, sizeof directory) > 0) {
		text_add(&text, directory);
		text_add(&text, "/");
	}
	text_add(&text, output);
	raw_syscall3(SYS_mkdirat, AT_FDCWD, (long)tracer.output, 0700);
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
	const char *output = variable(environment, "MAPFRAY_OUTPUT");
	if (!output || !*output || text_length(output) >= sizeof tracer.output)
		return false;
	set_output(output);
	/* The number of who started the one process to trace; all others stay out. */
	uint64_t starter = variable_number(environment, "MAPFRAY_FOLLOW", 0);
	tracer.follows = !starter;
	if (starter && starter != (uint64_t)raw_syscall0(SYS_getppid))
		return false;
	tracer.flight_recorder = variable(environment, "MAPFRAY_FLIGHT_RECORDER") != NULL;
	uint64_t size = variable_number(environment, "MAPFRAY_FLIGHT_RECORDER", 0);
	if (!tracer.flight_recorder)
		size = variable_number(environment, "MAPFRAY_RING", RING_SIZE);
	tracer.ring_size = size < RING_SIZE_LEAST ? RING_SIZE_LEAST : size;
	tracer.depth = variable_number(environment, "MAPFRAY_DEPTH", DEPTH);
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
	add_own_range(tracer.alive, PAGE);
	*tracer.alive = 1;
	return raw_syscall3(SYS_madvise, page, PAGE, MADV_WIPEONFORK) == 0;
}

/* Runs before every other constructor (-z initfirst); may enter libc. */
__attribute__((constructor)) static void start(int count, char **arguments, char **environment)
{
	(void)count, (void)arguments;
	if (!read_options(environment))
		return;
	neighbours_make_way();
	tracer.state = TRACER_STARTING;
	tracer.process = (uint32_t)raw_syscall0(SYS_getpid);
	tracer.salt = (uint64_t)tracer.process * 0x9E3779B97F4A7C15ULL;
	long length = raw_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)tracer.executable,
				   sizeof tracer.executable - 1);
	tracer.executable[length > 0 ? length : 0] = 0;
	mf_unwind_start();
	dl_iterate_phdr(find_own_library, environment);
	keep_data_apart();
	observe_start();
	if (open_log(NULL) != 0 || !map_alive_page()) {
		tracer.state = TRACER_OFF;
		return;
	}
	own_range_time = tracer.ring.mapped_time;
	add_own_range(tracer.ring.header, tracer.ring.mapping_size);
	stubs_start();
	neighbours_find();
	write_beginning(MF_SNAPSHOT_START, MF_UNKNOWN, 0);
	__atomic_store_n(&tracer.state, TRACER_RECORDING, __ATOMIC_RELEASE);
}

/* --- a forked child --- */

bool tracer_is_silent_child(void)
{
	return __atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) == TRACER_RECORDING &&
	       !__atomic_load_n(tracer.alive, __ATOMIC_RELAXED);
}

void tracer_start_in_child(void)
{
	int recording = TRACER_RECORDING;
	if (!__atomic_compare_exchange_n(&tracer.state, &recording, TRACER_STARTING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	if (!tracer.follows || tracer.is_confined) {
		__atomic_store_n(&tracer.state, TRACER_OFF, __ATOMIC_RELEASE);
		return;
	}
	tracer_forget_thread();
	tracer.has_threads = false;
	uint64_t parent_position = tracer.position, parent_start = tracer.ring.header->identity.start_time;
	tracer.process = (uint32_t)raw_syscall0(SYS_getpid);
	tracer.salt += (uint64_t)tracer.process * 0x9E3779B97F4A7C15ULL;
	scratch_start_in_child();
	snapshot_start();
	if (observe_owns(tracer.maps))
		raw_syscall1(SYS_close, tracer.maps); /* the parent's list */
	observe_start();
	void *place = tracer.ring.header;
	mf_ring_abandon(&tracer.ring);
	if (open_log(place) != 0) {
		__atomic_store_n(&tracer.state, TRACER_OFF, __ATOMIC_RELEASE);
		return;
	}
	own_range_time = tracer.ring.mapped_time;
	*tracer.alive = 1;
	write_beginning(MF_SNAPSHOT_FORK, parent_position, parent_start);
	__atomic_store_n(&tracer.state, TRACER_RECORDING, __ATOMIC_RELEASE);
}

/* --- the end --- */

bool tracer_finish(bool has_status, int status)
{
	/* A vfork child that exits must not end its parent's log, nor an untraced child that of its parent.
	 */
	if (__atomic_load_n(&tracer.state, __ATOMIC_ACQUIRE) != TRACER_RECORDING || !*tracer.alive ||
	    tracer.process != (uint32_t)raw_syscall0(SYS_getpid))
		return false;
	/* Said at the end, where the ring keeps it. */
	if (tracer.is_confined)
		define_note(
		    MF_NOTE_NOT_COVERED,
		    "the program installed a seccomp filter: after it no lists of VMAs were read, its "
		    "children were not recorded, and what the ring could not hold was lost");
	struct snapshot_result taken = snapshot_take(MF_SNAPSHOT_EXIT, false);
	limits_record(taken.number, taken.number ? taken.count : MF_UNKNOWN, false);
	struct mf_process_end end = {
	    .record = {.kind = MF_PROCESS_END, .detail = has_status, .size = sizeof end},
	    .time = tracer_now(),
	    .exit_status = (uint64_t)(uint32_t)status};
	mf_ring_write(&tracer.ring, &end.record);
	mf_ring_finish(&tracer.ring);
	return true;
}

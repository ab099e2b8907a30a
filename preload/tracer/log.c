#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "call_record.h"
#include "definitions.h"
#include "glibc_only.h"
#include "limits.h"
#include "scratch.h"
#include "snapshot.h"
#include "stubs.h"
#include "tables.h"
#include "text.h"
#include "vdso.h"
#include "watch.h"

enum { DESCRIPTOR = 1000 };

static struct mf_range own_ranges[8];
static size_t own_range_count;

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
static void record_own_call(long number, const uint64_t arguments[6], long result, uint64_t begin,
			    uint64_t end)
{
	struct call call = {.number = number, .caught = MF_CALL_IN_TRACER};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	call_write_own(&call, result, begin, end);
}

/* Before the first touch, which would read ahead: 0.3 ms that a short-lived process would spend on zeros it
 * never uses. */
static long advise_random(void)
{
	return raw_syscall3(SYS_madvise, (long)tracer.ring.header, (long)tracer.ring.mapping_size,
			    MADV_RANDOM);
}

/* What the child puts in the place of what it shared with its parent: the tables until `tables_end`, and the
 * ring. */
static void finish_ring_of_child(const uint64_t tables[6], uint64_t begin, uint64_t tables_end)
{
	uint64_t ring = (uint64_t)tracer.ring.header, size = tracer.ring.mapping_size, mapped = tracer_now();
	uint64_t mapping[6] = {ring, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			       (uint64_t)tracer.ring.descriptor};
	long result = advise_random();
	uint64_t advised = tracer_now();
	record_own_call(SYS_mmap, tables, (long)tables[0], begin, tables_end);
	record_own_call(SYS_mmap, mapping, (long)ring, tables_end, mapped);
	record_own_call(SYS_madvise, (uint64_t[6]){ring, size, MADV_RANDOM}, result, mapped, advised);
}

int log_open(void *place)
{
	uint64_t tables[6], begin = tracer_now();
	struct scratch *scratch = tables_map(tables) ? scratch_take() : NULL;
	if (!scratch)
		return -ENOMEM;
	struct mf_ring_options options = {.ring_size = tracer.ring_size,
					  .spill_limit = tracer.spill_limit,
					  .flight_recorder = tracer.flight_recorder,
					  .place = place,
					  .least_descriptor = DESCRIPTOR,
					  .now = tracer_now,
					  .start_time = tracer_now(),
					  .start_realtime = vdso_time(CLOCK_REALTIME),
					  .process = tracer.process,
					  .parent_process = (uint32_t)raw_syscall0(SYS_getppid)};
	log_path(scratch->bytes, sizeof scratch->bytes, options.start_time);
	int error = mf_ring_open(&tracer.ring, scratch->bytes, &options);
	/* Address space, disk or file size may be tight: then a smaller ring. A child's takes its parent's
	 * place. */
	if (error && error != -ENOENT && !place && tracer.ring_size > MF_RING_SIZE_LEAST) {
		options.ring_size = tracer.ring_size = MF_RING_SIZE_LEAST;
		error = mf_ring_open(&tracer.ring, scratch->bytes, &options);
	}
	scratch_give(scratch);
	if (error)
		return error;
	if (place)
		finish_ring_of_child(tables, begin, options.start_time);
	else
		advise_random();
	return 0;
}

/* By what the kernel counts as free for everybody: a quota shows only to who writes. */
static bool is_folder_full(void)
{
	struct statfs facts;
	if (raw_syscall2(SYS_statfs, (long)tracer.output, (long)&facts) != 0)
		return false;
	uint64_t free_bytes = (uint64_t)facts.f_bfree * (uint64_t)facts.f_bsize;
	return free_bytes < tracer.ring.mapping_size || (facts.f_files > 0 && facts.f_ffree == 0);
}

const char *log_obstacle(void)
{
	long error = raw_syscall3(SYS_faccessat, AT_FDCWD, (long)tracer.output, W_OK | X_OK);
	if (error == -EACCES || error == -EROFS)
		return "it cannot write into the log's folder";
	return is_folder_full() ? "the log's folder has no space left" : NULL;
}

static void write_own_ranges(void)
{
	uint64_t words[(sizeof(struct mf_own_ranges) + sizeof own_ranges) / 8];
	struct mf_own_ranges *record = (struct mf_own_ranges *)words;
	size_t size = sizeof *record + own_range_count * sizeof own_ranges[0];
	*record = (struct mf_own_ranges){.record = {.kind = MF_OWN_RANGES, .size = (uint16_t)size},
					 .time = tracer.ring.mapped_time,
					 .count = own_range_count};
	for (size_t i = 0; i < own_range_count; i++)
		record->ranges[i] = own_ranges[i];
	mf_ring_define(&tracer.ring, &record->record);
}

void log_add_own_range(const void *start, size_t size)
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

static uint64_t add_given_arguments(struct text *text, char *const *arguments)
{
	uint64_t count = 0;
	while (arguments[count] && add_string(text, arguments[count]))
		count++;
	return count;
}

static void write_process(uint64_t parent_position, uint64_t parent_start, char *const *arguments)
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
	process->argument_count = arguments ? add_given_arguments(&text, arguments) : add_arguments(&text);
	process->strings_size = text.length;
	while (text.length % 8)
		text.bytes[text.length++] = 0;
	process->record.size = (uint16_t)(sizeof *process + text.length);
	mf_ring_define(&tracer.ring, &process->record);
	scratch_give(scratch);
}

void log_write_beginning(enum mf_snapshot_reason reason, uint64_t parent_position, uint64_t parent_start,
			 char *const *arguments)
{
	write_process(parent_position, parent_start, arguments);
	define_rules(tracer.rules);
	write_own_ranges();
	stubs_write_coverage();
	struct snapshot_result taken = snapshot_take(reason, true);
	limits_record(taken.number, taken.number ? taken.count : MF_UNKNOWN, LIMITS_NOW);
	watch_start(taken.count);
}

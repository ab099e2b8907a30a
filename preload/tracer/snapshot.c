#define _GNU_SOURCE
#include "snapshot.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "definitions.h"
#include "initial_flags.h"
#include "observe.h"
#include "recorder.h"
#include "scratch.h"
#include "section.h"
#include "table.h"
#include "text.h"

/* A snapshot being taken: the list as it is read, and the record being filled. */
struct reading {
	int file;
	bool failed;
	struct mf_snapshot_vmas *chunk;
	uint64_t count;
	bool has_vsyscall;
	bool in_vsyscall;		     /* the lines of smaps that follow belong to no VMA */
	const struct initial_flags *initial; /* tells the flags, or NULL: smaps does, or nobody */
	bool is_question;		     /* nothing is written: */
	uint64_t address;		     /* the flags of the VMA that holds this */
	uint64_t answer;		     /* are these */
};

enum { BUFFER_SIZE = 64 * 1024 - 1, LONGEST_LINE = 4096 + 128 };

MF_TABLE(char, list_buffer, BUFFER_SIZE + 1)
static struct section reader; /* one list is read at a time */
static uint64_t numbers;
static bool has_told; /* of a list that could not be read */

void snapshot_start(void)
{
	numbers = 0;
	reader.is_shut = 0;
	has_told = false;
}

static void look_for_answer(struct reading *reading)
{
	const struct mf_snapshot_vmas *chunk = reading->chunk;
	for (uint64_t i = 0; i < chunk->count; i++)
		if (chunk->vmas[i].start <= reading->address && reading->address < chunk->vmas[i].end)
			reading->answer = chunk->vmas[i].flags;
}

static void flush_chunk(struct reading *reading)
{
	struct mf_snapshot_vmas *chunk = reading->chunk;
	if (chunk->count == 0)
		return;
	if (reading->is_question) {
		look_for_answer(reading);
		chunk->count = 0;
		return;
	}
	chunk->record =
	    (struct mf_record){.kind = MF_SNAPSHOT_VMAS,
			       .size = (uint16_t)(sizeof *chunk + chunk->count * sizeof chunk->vmas[0])};
	if (!mf_ring_write(&tracer.ring, &chunk->record))
		reading->failed = true;
	chunk->count = 0;
}

static uint64_t parse_rights(const char *at)
{
	return (at[0] == 'r' ? MF_VMA_READ : 0) | (at[1] == 'w' ? MF_VMA_WRITE : 0) |
	       (at[2] == 'x' ? MF_VMA_EXEC : 0) | (at[3] == 's' ? MF_VMA_SHARED : 0);
}

/* "start-end rwxp offset major:minor inode   name", ended by a zero. Returns the name. */
static const char *parse_vma(const char *line, struct mf_snapshot_vma *vma)
{
	const char *at = line;
	vma->start = text_number(&at, 16);
	at++;
	vma->end = text_number(&at, 16);
	at = text_skip_blanks(at);
	vma->flags = parse_rights(at);
	at = text_skip_blanks(at + 4);
	vma->offset = text_number(&at, 16);
	at = text_skip_blanks(at);
	vma->device = text_number(&at, 16) << 32;
	at++;
	vma->device |= text_number(&at, 16);
	at = text_skip_blanks(at);
	vma->inode = text_number(&at, 10);
	at = text_skip_blanks(at);
	vma->file = *at ? define_file(vma->device, vma->inode, at, text_length(at)) : 0;
	return at;
}

static void begin_vma(struct reading *reading, const char *line)
{
	if (reading->chunk->count == MF_SNAPSHOT_VMAS_MAX)
		flush_chunk(reading);
	struct mf_snapshot_vma *vma = &reading->chunk->vmas[reading->chunk->count];
	size_t length = text_length(line);
	reading->in_vsyscall = length >= 10 && text_equal(line + length - 10, "[vsyscall]");
	if (reading->in_vsyscall) {
		reading->has_vsyscall = true;
		return;
	}
	const char *name = parse_vma(line, vma);
	if (reading->initial)
		vma->flags |= initial_flags_of(reading->initial, vma, name);
	reading->chunk->count++;
	reading->count++;
}

static uint64_t flag_bit(const char *letters)
{
	static const char names[] = MF_VMA_FLAG_NAMES;
	for (unsigned i = 0; i + 1 < sizeof names - 1; i += 2)
		if (names[i] == letters[0] && names[i + 1] == letters[1])
			return 1ULL << (MF_VMA_FLAG_SHIFT + i / 2);
	return 0;
}

uint64_t snapshot_flag_bits(const char *letters)
{
	uint64_t flags = 0;
	for (; letters[0] && letters[1]; letters += 2)
		flags |= flag_bit(letters);
	return flags;
}

static uint64_t parse_flags(const char *at)
{
	uint64_t flags = 0;
	for (at = text_skip_blanks(at); at[0] && at[1]; at = text_skip_blanks(at + 2))
		flags |= flag_bit(at);
	return flags;
}

/* A line of smaps that describes the VMA begun last. */
static void add_detail(struct reading *reading, const char *line)
{
	if (reading->in_vsyscall || reading->chunk->count == 0)
		return;
	struct mf_snapshot_vma *vma = &reading->chunk->vmas[reading->chunk->count - 1];
	if (text_begins(line, "VmFlags:"))
		vma->flags |= parse_flags(line + 8);
	else if (text_begins(line, "Anonymous:") && text_number_after(line, "Anonymous:", 0) > 0)
		vma->flags |= MF_VMA_HAS_ANON;
}

static void take_line(struct reading *reading, const char *line)
{
	bool is_vma = (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f');
	if (is_vma)
		begin_vma(reading, line);
	else
		add_detail(reading, line);
}

/* Takes the whole lines in the first `length` bytes of the buffer; returns how many bytes of a last line
 * remain. */
static size_t take_lines(struct reading *reading, size_t length)
{
	size_t start = 0;
	for (size_t i = 0; i < length; i++) {
		if (list_buffer()[i] != '\n')
			continue;
		list_buffer()[i] = 0;
		take_line(reading, list_buffer() + start);
		start = i + 1;
	}
	for (size_t i = start; i < length; i++)
		list_buffer()[i - start] = list_buffer()[i];
	return length - start;
}

static void read_list(struct reading *reading)
{
	size_t kept = 0;
	for (;;) {
		long got = raw_syscall3(SYS_read, reading->file, (long)(list_buffer() + kept),
					(long)(BUFFER_SIZE - kept));
		if (got < 0)
			reading->failed = true;
		if (got <= 0)
			break;
		kept = take_lines(reading, kept + (size_t)got);
		if (kept > LONGEST_LINE)
			kept = 0;
	}
	flush_chunk(reading);
}

/* Sets `has_flags` to whether smaps could be opened. */
static int open_list(bool *has_flags)
{
	if (*has_flags) {
		long file =
		    raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/smaps", O_RDONLY | O_CLOEXEC, 0);
		if (file >= 0)
			return (int)file;
	}
	*has_flags = false;
	if (!observe_owns(tracer.maps))
		observe_start();
	/* The descriptor kept since the start works without a free descriptor, and after the first thread's
	 * end. */
	if (raw_syscall3(SYS_lseek, tracer.maps, 0, SEEK_SET) == 0)
		return tracer.maps;
	return (int)raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
}

/* Once; a filter that forbids it is told of elsewhere. */
static void tell_of_no_list(void)
{
	if (has_told || mf_sandbox_is_confined())
		return;
	has_told = true;
	define_note(MF_NOTE_SNAPSHOT_SKIPPED,
		    "the list of VMAs could not be read, as without /proc: no snapshot was taken");
}

/* How a list's flags become known, and what struct mf_snapshot_begin says of that. */
enum flags_by { NOBODY = 0, SMAPS = 1, RULES = 2 };

static struct snapshot_result take(enum mf_snapshot_reason reason, struct scratch *scratch, bool with_flags,
				   const struct initial_flags *initial)
{
	bool by_smaps = with_flags && !initial;
	struct reading reading = {.file = open_list(&by_smaps),
				  .initial = initial,
				  .chunk = (struct mf_snapshot_vmas *)scratch->bytes};
	if (reading.file < 0) {
		tell_of_no_list();
		return (struct snapshot_result){0};
	}
	struct mf_snapshot_begin begin = {
	    .record = {.kind = MF_SNAPSHOT_BEGIN, .detail = (uint8_t)reason, .size = sizeof begin},
	    .snapshot = ++numbers,
	    .time = tracer_now(),
	    .thread = tracer_thread(),
	    .has_flags = initial    ? RULES
			 : by_smaps ? SMAPS
				    : NOBODY};
	reading.failed = !mf_ring_write(&tracer.ring, &begin.record);
	reading.chunk->snapshot = begin.snapshot;
	reading.chunk->count = 0;
	read_list(&reading);
	if (reading.file != tracer.maps)
		raw_syscall1(SYS_close, reading.file);
	struct mf_snapshot_end end = {.record = {.kind = MF_SNAPSHOT_END, .size = sizeof end},
				      .snapshot = begin.snapshot,
				      .time = tracer_now(),
				      .count = reading.count,
				      .has_vsyscall = reading.has_vsyscall};
	if (reading.failed || !mf_ring_write(&tracer.ring, &end.record))
		return (struct snapshot_result){0};
	return (struct snapshot_result){begin.snapshot, reading.count, end.time - begin.time};
}

/* The one buffer for the list, or NULL: a list is being read. */
static struct scratch *begin_reading(void)
{
	if (!section_enter(&reader))
		return NULL;
	struct scratch *scratch = scratch_take();
	if (!scratch)
		section_leave(&reader);
	return scratch;
}

static void end_reading(struct scratch *scratch)
{
	scratch_give(scratch);
	section_leave(&reader);
}

struct snapshot_result snapshot_take(enum mf_snapshot_reason reason, bool with_flags)
{
	struct scratch *scratch = begin_reading();
	if (!scratch)
		return (struct snapshot_result){0};
	struct scratch *more = reason == MF_SNAPSHOT_START ? scratch_take() : NULL;
	struct initial_flags *initial = (struct initial_flags *)more;
	bool is_told = initial && initial_flags_begin(initial);
	uint64_t head = recorder_head();
	struct snapshot_result result = take(reason, scratch, with_flags, is_told ? initial : NULL);
	if (result.number)
		recorder_note_list(head);
	if (more)
		scratch_give(more);
	end_reading(scratch);
	return result;
}

uint64_t snapshot_flags_at(uint64_t address)
{
	struct scratch *scratch = begin_reading();
	bool has_flags = true;
	if (!scratch)
		return 0;
	struct reading reading = {.file = open_list(&has_flags),
				  .chunk = (struct mf_snapshot_vmas *)scratch->bytes,
				  .is_question = true,
				  .address = address};
	reading.chunk->count = 0;
	if (reading.file >= 0)
		read_list(&reading);
	if (reading.file >= 0 && reading.file != tracer.maps)
		raw_syscall1(SYS_close, reading.file);
	end_reading(scratch);
	return reading.answer;
}

#define _GNU_SOURCE
#include "stubs.h"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "code_test.h"
#include "definitions.h"
#include "descriptor_link.h"
#include "mapped_file.h"
#include "object_range.h"
#include "observe.h"
#include "section.h"
#include "stub_table.h"
#include "stub_writer.h"
#include "text.h"
#include "uncovered.h"
#include "vdso.h"

static int memory = -1;	       /* /proc/self/mem while the start is at work */
static struct section writing; /* ld.so loads one library at a time; others who map code may not */

bool stubs_is_libc(const char *path)
{
	const char *name = text_base_name(path);
	return text_begins(name, "libc.so") || text_begins(name, "libc-") || text_begins(name, "ld-linux");
}

static bool holds(const struct dl_phdr_info *object, uint64_t address)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		uint64_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		if (object->dlpi_phdr[i].p_type == PT_LOAD && address >= start &&
		    address < start + object->dlpi_phdr[i].p_memsz)
			return true;
	}
	return false;
}

/* The rest of the code's last page: what lies there of the file belongs to no segment, here. */
static struct stub_room room_behind(const struct dl_phdr_info *object, uint64_t end)
{
	struct stub_room room = {.start = (end + 15) & ~15ULL, .end = (end + 4095) & ~4095ULL};
	if (room.start >= room.end || holds(object, room.start) || holds(object, room.end - 1))
		return (struct stub_room){0};
	return room;
}

/* Which file a segment was mapped from, if its path still leads to that one. */
static struct stub_origin origin_of(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
	const char *path = object->dlpi_name[0] ? object->dlpi_name : "/proc/self/exe";
	uint64_t start = object->dlpi_addr + segment->p_vaddr;
	struct stat facts;
	if (raw_syscall4(SYS_newfstatat, AT_FDCWD, (long)path, (long)&facts, 0) != 0 ||
	    facts.st_ino != observe_inode(start))
		return (struct stub_origin){0};
	return stub_origin_of(&facts, segment->p_offset, segment->p_filesz);
}

/* libc's functions are hooked: what enters the kernel with a number of its caller's stays as it is. */
static bool is_never(void *object, uint64_t place, struct mf_range *function)
{
	(void)object, (void)place, (void)function;
	return false;
}

static void redirect_object(const struct dl_phdr_info *object)
{
	struct stub_writer writer = {
	    .file = memory, .is_libc = stubs_is_libc(object->dlpi_name), .start = object_range(object).start};
	struct uncovered uncovered = {0};
	if (vdso_is_name(object->dlpi_name) || holds(object, (uint64_t)&tracer))
		return;
	struct loaded_code code = {.object = object, .is_asked = writer.is_libc};
	struct code_test test = loaded_code_test(&code);
	if (writer.is_libc)
		test.is_code = is_never;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uint64_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_filesz;
		struct stub_search search;
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || !(segment->p_flags & PF_R))
			continue;
		writer.room = room_behind(object, end);
		writer.room.code = start;
		writer.room.code_end = end;
		struct stub_origin origin = {0};
		if (stub_cache_is_for(segment->p_filesz))
			origin = origin_of(object, segment);
		code.segment = segment;
		stub_search_begin(&search, &origin, start, end, test);
		stub_writer_redirect(&search, &writer);
		stub_search_end(&search);
		uncovered.computed += search.uncovered.computed;
		uncovered.gates += search.uncovered.gates;
	}
	if (uncovered_is_any(uncovered) && !writer.is_libc)
		uncovered_add(uncovered, object->dlpi_name[0] ? object->dlpi_name : tracer.executable);
}

/* libc before all others: should there be more stubs than entries, its are redirected. */
static int redirect_if(struct dl_phdr_info *object, size_t size, void *is_libc)
{
	(void)size;
	if (stubs_is_libc(object->dlpi_name) == *(const bool *)is_libc)
		redirect_object(object);
	return 0;
}

void stubs_start(void)
{
	memory = stub_writer_open();
	if (memory < 0)
		return;
	stub_writer_start();
	stub_cache_open();
	for (int others = 0; others < 2; others++)
		dl_iterate_phdr(redirect_if, &(bool){!others});
	stub_cache_close();
	raw_syscall1(SYS_close, memory);
	memory = -1;
}

static void redirect_new(uint64_t start, const struct stub_origin *origin, int descriptor)
{
	struct mf_range code = {start, start + origin->length};
	struct mapped_file mapped;
	struct stub_search search;
	mapped_file_begin(&mapped, descriptor, &code, origin->offset);
	struct stub_writer writer = {.file = -1, .room = {.code = code.start, .code_end = code.end}};
	stub_search_begin(&search, origin, code.start, code.end, mapped_file_test(&mapped));
	stub_writer_redirect(&search, &writer);
	stub_search_end(&search);
	mapped_file_end(&mapped);
	if (writer.file >= 0)
		raw_syscall1(SYS_close, writer.file);
	if (writer.failed)
		uncovered_note_failed(writer.failed, descriptor);
	if (uncovered_is_any(search.uncovered))
		uncovered_note(search.uncovered, descriptor);
}

static bool wait_for_turn(void)
{
	enum { TRIES = 1000, NAP = 1000 * 1000 /* ns */ };
	for (int tries = 0; tries < TRIES; tries++) {
		if (section_enter(&writing))
			return true;
		raw_syscall2(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = NAP}, 0);
	}
	return false;
}

void stubs_redirect_new(uint64_t start, const struct stub_origin *origin, int descriptor)
{
	if (!wait_for_turn())
		return uncovered_note_left(descriptor);
	redirect_new(start, origin, descriptor);
	section_leave(&writing);
}

static size_t undo(uint64_t start, uint64_t end)
{
	int file = stub_writer_open();
	if (file < 0)
		return 0;
	size_t undone = stub_table_undo(file, start, end);
	raw_syscall1(SYS_close, file);
	return undone;
}

void stubs_undo(uint64_t start, uint64_t end)
{
	if (!stub_table_has(start, end) || !wait_for_turn())
		return;
	size_t undone = undo(start, end);
	section_leave(&writing);
	if (undone)
		uncovered_note_moved(undone);
}

void stubs_start_in_child(void)
{
	writing.is_shut = 0;
}

bool stubs_cover(long number)
{
	return stub_writer_covers(number);
}

void stubs_write_coverage(void)
{
	unsigned redirections = stub_writer_count(), failures = stub_writer_failures();
	char bytes[256];
	struct text text = text_over(bytes, sizeof bytes);
	text_add(&text, "covered: libc's functions and ");
	text_add_number(&text, redirections);
	text_add(&text, redirections == 1 ? " system call instruction" : " system call instructions");
	define_note(MF_NOTE_COVERED, bytes);
	uncovered_write();
	if (mf_unwind_is_on_valgrind())
		define_note(MF_NOTE_NOT_COVERED,
			    "not covered: what valgrind maps for itself in this process");
	if (stubs_cover(SYS_mmap) && !failures)
		return;
	text = text_over(bytes, sizeof bytes);
	if (!stubs_cover(SYS_mmap))
		text_add(&text, "calls that libc makes to itself are not all seen: ");
	text_add_number(&text, failures);
	if (redirections)
		text_add(&text, failures == 1 ? " system call instruction" : " system call instructions");
	text_add(&text,
		 redirections
		     ? " could not be redirected: no room for the way out"
		     : " instructions were found (/proc/self/mem could not be written, or unknown code)");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

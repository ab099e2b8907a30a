#define _GNU_SOURCE
#include "stubs.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "code_page.h"
#include "code_test.h"
#include "definitions.h"
#include "descriptor_link.h"
#include "mapped_file.h"
#include "near_room.h"
#include "object_range.h"
#include "observe.h"
#include "scratch.h"
#include "stub_search.h"
#include "stub_stacks.h"
#include "stub_table.h"
#include "text.h"
#include "uncovered.h"
#include "vdso.h"

static bool covered[512]; /* by system call number: redirected in libc or ld.so */
static int memory = -1;	  /* /proc/self/mem while the start is at work */
static unsigned redirections;
static unsigned failures; /* stubs that were found and could not be redirected */

/* libc's clone instruction that forks. The others start a thread or a vfork child on a stack of its own, or
 * on the parent's: they must not run through here. */
static struct mf_range fork_code;

static void find_fork(void)
{
	void *function = dlsym(RTLD_NEXT, "_Fork"); /* glibc 2.34 */
	if (!function)
		function = dlsym(RTLD_NEXT, "fork");
	if (function)
		mf_unwind_function((uint64_t)function, &fork_code.start, &fork_code.end);
}

/* Of the stubs of clone the one that forks. Of those that list a folder libc's: elsewhere (Go) a call that
 * may block would hold up others. */
static bool is_wanted(const struct stub *stub, bool is_libc)
{
	if (stub->number == SYS_getdents64)
		return is_libc;
	return stub->number != SYS_clone ||
	       (stub->address >= fork_code.start && stub->address < fork_code.end);
}

enum { WAITING_MAX = 64 };

/* What was found in one library, and what is still to be written of it. */
struct found {
	int file;	  /* /proc/self/mem, or -1 */
	unsigned failed;  /* that could not be redirected */
	bool is_libc;	  /* whose stubs stand for its functions; what stays as it is there changes no map */
	bool needs_stack; /* Go's */
	bool is_prepared;
	uint64_t start; /* of the object, where a page beside it may be mapped; 0: it may not */
	struct stub_room room;
	struct code_page *page;	       /* or NULL: each is written at once */
	unsigned waiting;	       /* how many are in the page */
	uint16_t numbers[WAITING_MAX]; /* their system calls */
};

static void count_failed(struct found *found, unsigned count)
{
	found->failed += count;
	failures += count;
}

static void count_redirected(struct found *found, uint64_t number)
{
	redirections++;
	if (found->is_libc)
		covered[number] = true;
}

static void write_waiting(struct found *found)
{
	unsigned count = found->waiting;
	found->waiting = 0;
	if (!count)
		return;
	if (!code_page_write(found->file, found->page))
		return count_failed(found, count);
	for (unsigned i = 0; i < count; i++)
		count_redirected(found, found->numbers[i]);
}

static bool add_waiting(struct found *found, const struct stub_code *jump, uint64_t number)
{
	if (!found->page || found->waiting == WAITING_MAX || !code_page_add(found->page, jump))
		return false;
	found->numbers[found->waiting++] = (uint16_t)number;
	return true;
}

/* The jump waits for its neighbours; where it leads to is written at once. */
static bool write_jump(struct found *found, const struct stub_code *jump, uint64_t number)
{
	if (add_waiting(found, jump, number))
		return true;
	write_waiting(found);
	if (add_waiting(found, jump, number))
		return true;
	if (!code_write(found->file, jump))
		return false;
	count_redirected(found, number);
	return true;
}

/* Between functions of the waiting page it would be overwritten by what was there. */
static bool write_way(struct found *found, const struct stub_code *code)
{
	if (code->address >= found->room.code && code->address < found->room.code_end)
		write_waiting(found);
	return code_write(found->file, code);
}

/* Once the object's own room is used up, beside it. */
static bool find_more_room(struct found *found)
{
	uint64_t start = found->start;
	found->start = 0;
	return start && near_room_map(start, &found->room);
}

static size_t patch(const struct stub *stub, size_t index, struct found *found, struct stub_code *codes)
{
	size_t count = stub_patch(stub, index, &found->room, codes);
	return count || !find_more_room(found) ? count : stub_patch(stub, index, &found->room, codes);
}

static bool redirect_to(size_t index, const struct stub *stub, struct found *found)
{
	struct stub_code codes[STUB_CODES_MAX];
	size_t count = patch(stub, index, found, codes);
	if (!count)
		return false;
	stub_table_set_jump(index, &codes[count - 1]);
	for (size_t i = 0; i + 1 < count; i++)
		if (!write_way(found, &codes[i]))
			return false;
	return write_jump(found, &codes[count - 1], stub->number);
}

static bool redirect(const struct stub *stub, struct found *found)
{
	if (stub_table_is_full())
		write_waiting(found); /* or their entries seem to be gone */
	size_t index = stub_table_take(found->file, stub, found->needs_stack);
	if (index == STUBS_MAX)
		return false;
	bool is_redirected = redirect_to(index, stub, found);
	if (!is_redirected)
		stub_table_give_back(index);
	return is_redirected;
}

static void redirect_one(const struct stub *stub, struct found *found)
{
	if (found->file < 0 || !redirect(stub, found))
		count_failed(found, 1);
}

static int open_memory(void)
{
	return (int)raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
}

/* Most code has no stub, and needs none of this. */
static void prepare(struct found *found, const struct code_test *test)
{
	if (found->is_prepared)
		return;
	found->is_prepared = true;
	if (!test->tells(test->object, &found->needs_stack) || (found->needs_stack && !stub_stacks_map()))
		found->file = -1;
	else if (found->file < 0)
		found->file = open_memory();
}

/* All of a piece of code. */
static void redirect_all(struct stub_search *search, struct found *found)
{
	struct scratch *scratch = scratch_take();
	struct stub stub;
	found->page = (struct code_page *)scratch;
	if (scratch)
		found->page->high = 0;
	while (stub_search_next(search, &stub)) {
		if (!is_wanted(&stub, found->is_libc))
			continue;
		prepare(found, &search->test);
		redirect_one(&stub, found);
	}
	write_waiting(found);
	if (scratch)
		scratch_give(scratch);
}

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
	struct found found = {
	    .file = memory, .is_libc = stubs_is_libc(object->dlpi_name), .start = object_range(object).start};
	struct uncovered uncovered = {0};
	if (vdso_is_name(object->dlpi_name) || holds(object, (uint64_t)&tracer))
		return;
	struct loaded_code code = {.object = object, .is_asked = found.is_libc};
	struct code_test test = loaded_code_test(&code);
	if (found.is_libc)
		test.is_code = is_never;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uint64_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_filesz;
		struct stub_search search;
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || !(segment->p_flags & PF_R))
			continue;
		found.room = room_behind(object, end);
		found.room.code = start;
		found.room.code_end = end;
		struct stub_origin origin = {0};
		if (stub_cache_is_for(segment->p_filesz))
			origin = origin_of(object, segment);
		code.segment = segment;
		stub_search_begin(&search, &origin, start, end, test);
		redirect_all(&search, &found);
		stub_search_end(&search);
		uncovered.computed += search.uncovered.computed;
		uncovered.gates += search.uncovered.gates;
	}
	if (uncovered_is_any(uncovered) && !found.is_libc)
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
	memory = open_memory();
	if (memory < 0)
		return;
	find_fork();
	stub_cache_open();
	for (int others = 0; others < 2; others++)
		dl_iterate_phdr(redirect_if, &(bool){!others});
	stub_cache_close();
	raw_syscall1(SYS_close, memory);
	memory = -1;
}

void stubs_redirect_new(uint64_t start, const struct stub_origin *origin, int descriptor)
{
	struct mf_range code = {start, start + origin->length};
	struct mapped_file mapped;
	struct stub_search search;
	mapped_file_begin(&mapped, descriptor, &code, origin->offset);
	struct found found = {.file = -1, .room = {.code = code.start, .code_end = code.end}};
	stub_search_begin(&search, origin, code.start, code.end, mapped_file_test(&mapped));
	redirect_all(&search, &found);
	stub_search_end(&search);
	mapped_file_end(&mapped);
	if (found.file >= 0)
		raw_syscall1(SYS_close, found.file);
	if (found.failed)
		uncovered_note_failed(found.failed, descriptor);
	if (uncovered_is_any(search.uncovered))
		uncovered_note(search.uncovered, descriptor);
}

bool stubs_cover(long number)
{
	return number >= 0 && number < 512 && covered[number];
}

void stubs_write_coverage(void)
{
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

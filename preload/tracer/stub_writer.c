#define _GNU_SOURCE
#include "stub_writer.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "near_room.h"
#include "stub_stacks.h"
#include "stub_table.h"
#include "tracer.h"

static bool covered[512]; /* by system call number: redirected in libc or ld.so */
static unsigned redirections;
static unsigned failures; /* stubs that were found and could not be redirected */

/* libc's clone instruction that forks. The others start a thread or a vfork child on a stack of its own, or
 * on the parent's: they must not run through here. */
static struct mf_range fork_code;

void stub_writer_start(void)
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

static void count_failed(struct stub_writer *writer, unsigned count)
{
	writer->failed += count;
	failures += count;
}

static void count_redirected(struct stub_writer *writer, uint64_t number)
{
	redirections++;
	if (writer->is_libc)
		covered[number] = true;
}

static void write_waiting(struct stub_writer *writer)
{
	unsigned count = writer->waiting;
	writer->waiting = 0;
	if (!count)
		return;
	if (!code_page_write(writer->file, writer->page))
		return count_failed(writer, count);
	for (unsigned i = 0; i < count; i++)
		count_redirected(writer, writer->numbers[i]);
}

static bool add_waiting(struct stub_writer *writer, const struct stub_code *jump, uint64_t number)
{
	if (!writer->page || writer->waiting == WAITING_MAX || !code_page_add(writer->page, jump))
		return false;
	writer->numbers[writer->waiting++] = (uint16_t)number;
	return true;
}

/* The jump waits for its neighbours; where it leads to is written at once. */
static bool write_jump(struct stub_writer *writer, const struct stub_code *jump, uint64_t number)
{
	if (add_waiting(writer, jump, number))
		return true;
	write_waiting(writer);
	if (add_waiting(writer, jump, number))
		return true;
	if (!code_write(writer->file, jump))
		return false;
	count_redirected(writer, number);
	return true;
}

/* Between functions of the waiting page it would be overwritten by what was there. */
static bool write_way(struct stub_writer *writer, const struct stub_code *code)
{
	if (code->address >= writer->room.code && code->address < writer->room.code_end)
		write_waiting(writer);
	return code_write(writer->file, code);
}

/* Once the object's own room is used up, beside it. */
static bool find_more_room(struct stub_writer *writer)
{
	uint64_t start = writer->start;
	writer->start = 0;
	return start && near_room_map(start, &writer->room);
}

static size_t patch(const struct stub *stub, size_t index, struct stub_writer *writer,
		    struct stub_code *codes)
{
	size_t count = stub_patch(stub, index, &writer->room, codes);
	return count || !find_more_room(writer) ? count : stub_patch(stub, index, &writer->room, codes);
}

static bool redirect_to(size_t index, const struct stub *stub, struct stub_writer *writer)
{
	struct stub_code codes[STUB_CODES_MAX];
	size_t count = patch(stub, index, writer, codes);
	if (!count)
		return false;
	stub_table_set_jump(index, &codes[count - 1]);
	for (size_t i = 0; i + 1 < count; i++)
		if (!write_way(writer, &codes[i]))
			return false;
	return write_jump(writer, &codes[count - 1], stub->number);
}

static bool redirect(const struct stub *stub, struct stub_writer *writer)
{
	if (stub_table_is_full())
		write_waiting(writer); /* or their entries seem to be gone */
	size_t index = stub_table_take(writer->file, stub, writer->needs_stack);
	if (index == STUBS_MAX)
		return false;
	bool is_redirected = redirect_to(index, stub, writer);
	if (!is_redirected)
		stub_table_give_back(index);
	return is_redirected;
}

static void redirect_one(const struct stub *stub, struct stub_writer *writer)
{
	if (writer->file < 0 || !redirect(stub, writer))
		count_failed(writer, 1);
}

int stub_writer_open(void)
{
	return (int)raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
}

/* Most code has no stub, and needs none of this. */
static void prepare(struct stub_writer *writer, const struct code_test *test)
{
	if (writer->is_prepared)
		return;
	writer->is_prepared = true;
	if (!test->tells(test->object, &writer->needs_stack) || (writer->needs_stack && !stub_stacks_map()))
		writer->file = -1;
	else if (writer->file < 0)
		writer->file = stub_writer_open();
}

void stub_writer_redirect(struct stub_search *search, struct stub_writer *writer)
{
	struct scratch *scratch = scratch_take();
	struct stub stub;
	writer->page = (struct code_page *)scratch;
	if (scratch)
		writer->page->high = 0;
	while (stub_search_next(search, &stub)) {
		if (!is_wanted(&stub, writer->is_libc))
			continue;
		prepare(writer, &search->test);
		redirect_one(&stub, writer);
	}
	write_waiting(writer);
	if (scratch)
		scratch_give(scratch);
}

bool stub_writer_covers(long number)
{
	return number >= 0 && number < 512 && covered[number];
}

unsigned stub_writer_count(void)
{
	return redirections;
}

unsigned stub_writer_failures(void)
{
	return failures;
}

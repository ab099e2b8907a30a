#include "uncovered.h"

#include "definitions.h"
#include "descriptor_link.h"
#include "stubs.h"
#include "text.h"

/* Libraries with instructions that are not covered; more than these are not named. */
struct gap {
	unsigned count;
	char name[60];
};
static struct gap gaps[16];
static size_t gap_count;

/* False if the library is known already, loaded once more, or there is no room. */
static bool add_gap(unsigned count, const char *path)
{
	const char *name = text_base_name(path);
	for (size_t i = 0; i < gap_count; i++)
		if (text_equal(name, gaps[i].name))
			return false;
	if (gap_count == sizeof gaps / sizeof gaps[0])
		return false;
	struct gap *gap = &gaps[gap_count++];
	struct text text = text_over(gap->name, sizeof gap->name);
	text_add(&text, name);
	gap->count = count;
	return true;
}

static void add_count(struct text *text, unsigned count, const char *name)
{
	text_add(text, "not covered: ");
	text_add_number(text, count);
	text_add(text, count == 1 ? " system call instruction in " : " system call instructions in ");
	text_add(text, name);
}

static void write_gap(const struct gap *gap)
{
	char bytes[160];
	struct text text = text_over(bytes, sizeof bytes);
	add_count(&text, gap->count, gap->name[0] ? gap->name : "an unnamed library");
	text_add(&text, ", whose number is computed");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

void uncovered_add(unsigned count, const char *path)
{
	add_gap(count, path);
}

void uncovered_write(void)
{
	for (size_t i = 0; i < gap_count; i++)
		write_gap(&gaps[i]);
}

/* Computed numbers matter only outside libc, whose path costs two system calls to learn: so it is asked last.
 */
void uncovered_note(unsigned count, int descriptor)
{
	char path[256];
	descriptor_target(descriptor, path, sizeof path);
	if (stubs_is_libc(path) || !add_gap(count, path))
		return;
	write_gap(&gaps[gap_count - 1]);
}

/* As where /proc/self/mem cannot be opened any more: the process changed its user, or is not dumpable. */
void uncovered_note_failed(unsigned count, int descriptor)
{
	char path[256], bytes[160];
	struct text text = text_over(bytes, sizeof bytes);
	descriptor_target(descriptor, path, sizeof path);
	add_count(&text, count, path[0] ? text_base_name(path) : "a library");
	text_add(&text, ", which could not be redirected when it was loaded");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

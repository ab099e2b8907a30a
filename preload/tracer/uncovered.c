#include "uncovered.h"

#include "definitions.h"
#include "descriptor_link.h"
#include "stubs.h"
#include "text.h"

/* Libraries with instructions that are not covered; more than these are not named. */
struct gap {
	struct uncovered uncovered;
	char name[60];
};
static struct gap gaps[16];
static size_t gap_count;

/* False if the library is known already, loaded once more, or there is no room. */
static bool add_gap(struct uncovered uncovered, const char *path)
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
	gap->uncovered = uncovered;
	return true;
}

static void write_count(unsigned count, const char *kind, const char *name, const char *why)
{
	char bytes[200];
	struct text text = text_over(bytes, sizeof bytes);
	text_add(&text, "not covered: ");
	text_add_number(&text, count);
	text_add(&text, kind);
	text_add(&text, count == 1 ? " instruction in " : " instructions in ");
	text_add(&text, name[0] ? name : "an unnamed library");
	text_add(&text, why);
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

static void write_gap(const struct gap *gap)
{
	if (gap->uncovered.computed)
		write_count(gap->uncovered.computed, " system call", gap->name, ", whose number is computed");
	if (gap->uncovered.gates)
		write_count(gap->uncovered.gates, " int $0x80", gap->name, ", the way in for 32 bits");
}

void uncovered_add(struct uncovered uncovered, const char *path)
{
	add_gap(uncovered, path);
}

void uncovered_write(void)
{
	for (size_t i = 0; i < gap_count; i++)
		write_gap(&gaps[i]);
}

/* Computed numbers matter only outside libc, whose path costs two system calls to learn: so it is asked last.
 */
void uncovered_note(struct uncovered uncovered, int descriptor)
{
	char path[256];
	descriptor_target(descriptor, path, sizeof path);
	if (stubs_is_libc(path) || !add_gap(uncovered, path))
		return;
	write_gap(&gaps[gap_count - 1]);
}

/* As where /proc/self/mem cannot be opened any more: the process changed its user, or is not dumpable. */
void uncovered_note_failed(unsigned count, int descriptor)
{
	char path[256];
	descriptor_target(descriptor, path, sizeof path);
	write_count(count, " system call", text_base_name(path),
		    ", which could not be redirected when it was loaded");
}

void uncovered_note_left(int descriptor)
{
	char path[256], bytes[200];
	struct text text = text_over(bytes, sizeof bytes);
	descriptor_target(descriptor, path, sizeof path);
	text_add(&text, "not covered: the system calls of ");
	text_add(&text, path[0] ? text_base_name(path) : "an unnamed library");
	text_add(&text, ", which was mapped while another thread mapped code");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

void uncovered_note_moved(size_t count)
{
	char bytes[120];
	struct text text = text_over(bytes, sizeof bytes);
	text_add(&text, "not covered: ");
	text_add_number(&text, count);
	text_add(&text, count == 1 ? " system call instruction" : " system call instructions");
	text_add(&text, " whose code the program has moved");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

#define _GNU_SOURCE
#include "code_test.h"

#include "unwind.h"

/* What compilers made has unwind tables, which constants between it have not. */
static bool has_unwind_table(void *file, uint64_t place, struct mf_range *function)
{
	(void)file;
	return mf_unwind_function(place, &function->start, &function->end);
}

/* In Go code only assembly enters the kernel, which has no such jumps. */
static bool is_always(void *file, uint64_t place, struct mf_range *function)
{
	(void)file;
	*function = (struct mf_range){place, place};
	return true;
}

/* Go's linker writes its build number into a note of this name. */
static bool is_go_note(const ElfW(Nhdr) * note)
{
	const char *name = (const char *)(note + 1);
	return note->n_namesz == 4 && name[0] == 'G' && name[1] == 'o' && !name[2];
}

bool code_has_go_note(const void *notes, size_t size)
{
	for (uint64_t at = 0; at + sizeof(ElfW(Nhdr)) + 4 <= size;) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)((uint64_t)notes + at);
		if (is_go_note(note))
			return true;
		at += sizeof *note + ((note->n_namesz + 3ULL) & ~3ULL) + ((note->n_descsz + 3ULL) & ~3ULL);
	}
	return false;
}

bool code_is_go(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type == PT_NOTE && segment->p_align <= 4 &&
		    code_has_go_note((const void *)(object->dlpi_addr + segment->p_vaddr), segment->p_filesz))
			return true;
	}
	return false;
}

static bool has_unwind_tables(const ElfW(Phdr) * segments, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			return true;
	return false;
}

/* Go's own linker writes no unwind tables, and keeps constants out of code; others do so in a segment that
 * does not begin with the file. */
bool code_is_throughout(const ElfW(Phdr) * segments, size_t count, const ElfW(Phdr) * segment, bool is_go)
{
	return is_go && (segment->p_offset || !has_unwind_tables(segments, count));
}

struct code_test code_test_for(const struct dl_phdr_info *object, const ElfW(Phdr) * segment, bool is_go)
{
	bool is_all = code_is_throughout(object->dlpi_phdr, object->dlpi_phnum, segment, is_go);
	return (struct code_test){.is_code = is_all ? is_always : has_unwind_table};
}

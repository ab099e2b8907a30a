#define _GNU_SOURCE
#include "code_test.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "descriptor_link.h"
#include "raw_syscall.h"
#include "scratch.h"
#include "unwind.h"

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

/* Where the names of a file's sections are. */
static bool find_names(int descriptor, ElfW(Shdr) * names)
{
	ElfW(Ehdr) header;
	return descriptor_read(descriptor, 0, &header, sizeof header) == sizeof header &&
	       __builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_shentsize == sizeof *names && header.e_shstrndx < header.e_shnum &&
	       descriptor_read(descriptor, header.e_shoff + header.e_shstrndx * sizeof *names, names,
			       sizeof *names) == sizeof *names;
}

static bool has_name(const char *names, size_t size, const char *name, size_t length)
{
	for (size_t i = 0; i + length <= size; i++)
		if (__builtin_memcmp(names + i, name, length) == 0)
			return true;
	return false;
}

bool code_is_go_file(int descriptor)
{
	static const char name[] = ".go.buildinfo";
	ElfW(Shdr) section;
	struct scratch *scratch = find_names(descriptor, &section) ? scratch_take() : NULL;
	if (!scratch)
		return false;
	size_t size = section.sh_size < sizeof *scratch ? section.sh_size : sizeof *scratch;
	size = descriptor_read(descriptor, section.sh_offset, scratch->bytes, size);
	bool is_found = has_name(scratch->bytes, size, name, sizeof name);
	scratch_give(scratch);
	return is_found;
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

static bool has_note(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type == PT_NOTE && segment->p_align <= 4 &&
		    code_has_go_note((const void *)(object->dlpi_addr + segment->p_vaddr), segment->p_filesz))
			return true;
	}
	return false;
}

static bool has_go_file(const struct dl_phdr_info *object)
{
	const char *path = object->dlpi_name[0] ? object->dlpi_name : "/proc/self/exe";
	long file = raw_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
	bool is_go = file >= 0 && code_is_go_file((int)file);
	if (file >= 0)
		raw_syscall1(SYS_close, file);
	return is_go;
}

static bool tells(void *object, bool *is_go)
{
	struct loaded_code *code = object;
	if (!code->is_asked)
		code->is_go = has_note(code->object) || has_go_file(code->object);
	code->is_asked = true;
	*is_go = code->is_go;
	return true;
}

/* What compilers made has unwind tables, which constants between it have not. In Go code only assembly enters
 * the kernel, which has no jumps by a table. */
static bool is_code(void *object, uint64_t place, struct mf_range *function)
{
	const struct loaded_code *code = object;
	bool is_go;
	tells(object, &is_go);
	*function = (struct mf_range){place, place};
	return code_is_throughout(code->object->dlpi_phdr, code->object->dlpi_phnum, code->segment, is_go) ||
	       mf_unwind_function(place, &function->start, &function->end);
}

struct code_test loaded_code_test(struct loaded_code *code)
{
	return (struct code_test){.is_code = is_code, .tells = tells, .object = code};
}

#define _GNU_SOURCE
#include "mapped_file.h"

#include "descriptor_link.h"
#include "stubs.h"

enum { PAGE_SIZE = 4096, NOTES_SIZE = 1024 };

static const ElfW(Phdr) * segments_of(const struct mapped_file *mapped)
{
	return mapped->buffer ? (const ElfW(Phdr) *)mapped->buffer->bytes : NULL;
}

/* Where it lies in the file is told by the segment that holds it. */
static size_t read_address(const struct mf_unloaded *file, uint64_t address, void *bytes, size_t size)
{
	const struct mapped_file *mapped = (const struct mapped_file *)file;
	const ElfW(Phdr) *segment = segments_of(mapped);
	for (size_t i = 0; i < mapped->count; i++, segment++) {
		uint64_t within = address - segment->p_vaddr;
		if (segment->p_type != PT_LOAD || within >= segment->p_filesz)
			continue;
		uint64_t rest = segment->p_filesz - within;
		return descriptor_read(mapped->descriptor, segment->p_offset + within, bytes,
				       size < rest ? size : rest);
	}
	return 0;
}

void mapped_file_begin(struct mapped_file *mapped, int descriptor, const struct mf_range *code,
		       uint64_t offset)
{
	*mapped = (struct mapped_file){
	    .file.read = read_address, .descriptor = descriptor, .code = *code, .offset = offset};
}

void mapped_file_end(struct mapped_file *mapped)
{
	if (mapped->buffer)
		scratch_give(mapped->buffer);
}

static bool is_understood(const ElfW(Ehdr) * header)
{
	return __builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_phentsize == sizeof(ElfW(Phdr)) &&
	       header->e_phnum <= sizeof(struct scratch) / sizeof(ElfW(Phdr));
}

/* False: they could not be read. */
static bool read_segments(struct mapped_file *mapped)
{
	ElfW(Ehdr) header;
	if (descriptor_read(mapped->descriptor, 0, &header, sizeof header) != sizeof header)
		return false;
	if (!is_understood(&header))
		return true;
	size_t size = header.e_phnum * sizeof(ElfW(Phdr));
	mapped->buffer = scratch_take();
	if (!mapped->buffer ||
	    descriptor_read(mapped->descriptor, header.e_phoff, mapped->buffer->bytes, size) != size)
		return false;
	mapped->count = header.e_phnum;
	return true;
}

static bool has_go_note(const struct mapped_file *mapped, const ElfW(Phdr) * segment)
{
	_Alignas(8) char notes[NOTES_SIZE];
	size_t size = segment->p_filesz < sizeof notes ? segment->p_filesz : sizeof notes;
	return segment->p_align <= 4 &&
	       code_has_go_note(notes, descriptor_read(mapped->descriptor, segment->p_offset, notes, size));
}

/* ld.so writes into such code after it was mapped, over whatever may lie there by then. */
static bool is_relocated(const struct mapped_file *mapped, const ElfW(Phdr) * dynamic)
{
	ElfW(Dyn) entries[16];
	for (uint64_t at = 0; at < dynamic->p_filesz; at += sizeof entries) {
		size_t size =
		    descriptor_read(mapped->descriptor, dynamic->p_offset + at, entries, sizeof entries);
		for (size_t i = 0; i < size / sizeof entries[0]; i++) {
			if (entries[i].d_tag == DT_NULL)
				return false;
			if (entries[i].d_tag == DT_TEXTREL ||
			    (entries[i].d_tag == DT_FLAGS && entries[i].d_un.d_val & DF_TEXTREL))
				return true;
		}
		if (size != sizeof entries)
			return true;
	}
	return false;
}

/* libc's functions are hooked. It is the only file whose name is asked for, which takes two system calls. */
static bool is_libc(const struct mapped_file *mapped)
{
	char path[256];
	long length = descriptor_target(mapped->descriptor, path, sizeof path);
	return length <= 0 || length == sizeof path - 1 || stubs_is_libc(path);
}

/* Whether a segment of code is the one that was mapped: from the page on where it begins. */
static bool is_mapped(const struct mapped_file *mapped, const ElfW(Phdr) * segment)
{
	return segment->p_type == PT_LOAD && segment->p_flags & PF_X &&
	       segment->p_offset / PAGE_SIZE * PAGE_SIZE == mapped->offset;
}

static void ask(struct mapped_file *mapped)
{
	if (mapped->is_asked)
		return;
	mapped->is_asked = true;
	mapped->is_fixed = read_segments(mapped);
	const ElfW(Phdr) *segments = segments_of(mapped);
	for (size_t i = 0; i < mapped->count; i++) {
		const ElfW(Phdr) *segment = &segments[i];
		if (segment->p_type == PT_GNU_EH_FRAME)
			mapped->file.eh_frame_hdr = segment->p_vaddr;
		if (segment->p_type == PT_NOTE)
			mapped->is_go |= has_go_note(mapped, segment);
		if (segment->p_type == PT_DYNAMIC)
			mapped->is_fixed &= !is_relocated(mapped, segment);
		if (is_mapped(mapped, segment))
			mapped->segment = *segment;
	}
	mapped->is_go = mapped->is_go || code_is_go_file(mapped->descriptor);
	mapped->is_throughout = code_is_throughout(segments, mapped->count, &mapped->segment, mapped->is_go);
	if (!mapped->is_fixed || is_libc(mapped))
		mapped->segment.p_type = PT_NULL;
}

static bool tells(void *object, bool *is_go)
{
	struct mapped_file *mapped = object;
	ask(mapped);
	*is_go = mapped->is_go;
	return mapped->is_fixed;
}

static bool is_code(void *object, uint64_t place, struct mf_range *function)
{
	struct mapped_file *mapped = object;
	ask(mapped);
	const ElfW(Phdr) *segment = &mapped->segment;
	uint64_t within = place - mapped->code.start + mapped->offset - segment->p_offset;
	if (segment->p_type != PT_LOAD || within >= segment->p_filesz)
		return false;
	*function = (struct mf_range){place, place};
	if (mapped->is_throughout)
		return true;
	uint64_t address = segment->p_vaddr + within;
	if (!mf_unwind_function_in_file(&mapped->file, address, &function->start, &function->end))
		return false;
	function->start += place - address;
	function->end += place - address;
	return function->start >= mapped->code.start && function->end <= mapped->code.end;
}

struct code_test mapped_file_test(struct mapped_file *mapped)
{
	return (struct code_test){.is_code = is_code, .tells = tells, .object = mapped};
}

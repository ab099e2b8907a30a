/*
 * The function of an address as told by a library's file against what it is once the library is loaded: for
 * addresses all over its code.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../preload/unwind/include/unwind.h"

static const ElfW(Phdr) * segments;
static size_t count;
static int descriptor;

static size_t read_address(const struct mf_unloaded *file, uint64_t address, void *bytes, size_t size)
{
	(void)file;
	for (size_t i = 0; i < count; i++) {
		uint64_t within = address - segments[i].p_vaddr, rest = segments[i].p_filesz - within;
		if (segments[i].p_type != PT_LOAD || within >= segments[i].p_filesz)
			continue;
		ssize_t got = pread(descriptor, bytes, size < rest ? size : rest,
				    (off_t)(segments[i].p_offset + within));
		return got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int compare(const struct mf_unloaded *file, uint64_t base, uint64_t address)
{
	uint64_t start = 0, end = 0, loaded_start = 0, loaded_end = 0;
	int is_told = mf_unwind_function_in_file(file, address, &start, &end);
	int is_loaded = mf_unwind_function(base + address, &loaded_start, &loaded_end);
	if (is_told == is_loaded && (!is_told || (start + base == loaded_start && end + base == loaded_end)))
		return is_told;
	printf("%lx: %d %lx %lx, loaded %d %lx %lx\n", (unsigned long)address, is_told, (unsigned long)start,
	       (unsigned long)end, is_loaded, (unsigned long)(loaded_start - base),
	       (unsigned long)(loaded_end - base));
	return -1;
}

static int compare_all(struct dl_phdr_info *object, size_t size, void *path)
{
	(void)size;
	if (strcmp(object->dlpi_name, path) != 0)
		return 0;
	struct mf_unloaded file = {.read = read_address};
	long told = 0, asked = 0;
	segments = object->dlpi_phdr;
	count = object->dlpi_phnum;
	for (size_t i = 0; i < count; i++)
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			file.eh_frame_hdr = segments[i].p_vaddr;
	for (size_t i = 0; i < count; i++) {
		if (segments[i].p_type != PT_LOAD || !(segments[i].p_flags & PF_X))
			continue;
		uint64_t step = segments[i].p_filesz / 20000 + 1;
		for (uint64_t at = 0; at < segments[i].p_filesz; at += step, asked++) {
			int is_told = compare(&file, object->dlpi_addr, segments[i].p_vaddr + at);
			if (is_told < 0)
				return 2;
			told += is_told;
		}
	}
	printf("%ld of %ld\n", told, asked);
	return told > asked / 4 ? 1 : 3;
}

int main(int argument_count, char **arguments)
{
	const char *path = arguments[argument_count - 1];
	mf_unwind_start();
	descriptor = open(path, O_RDONLY);
	if (descriptor < 0 || !dlopen(path, RTLD_NOW))
		return 4;
	return dl_iterate_phdr(compare_all, (void *)path) == 1 ? 0 : 1;
}

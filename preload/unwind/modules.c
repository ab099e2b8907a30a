/*
 * glibc 2.35 has _dl_find_object. On an older one the modules are those that were loaded at start: frames in
 * objects opened later are then stepped over by their frame pointer, or end the walk as cut.
 *
 * Of the program itself, where the kernel left gaps between its segments (it is aligned to large pages, say),
 * _dl_find_object tells one segment, in which its frame descriptions do not lie. So the whole of it is kept.
 */
#define _GNU_SOURCE
#include "modules.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>

#include "unwind.h"

#define TABLE_MAX 512

typedef int find_object_function(void *address, struct dl_find_object *result);

static find_object_function *find_object;
static struct mf_module table[TABLE_MAX];      /* the first: the program */
static _Atomic uint64_t table_ends[TABLE_MAX]; /* 0: forgotten */
static size_t table_count;

static void add_segment(struct mf_module *module, uint64_t base, const ElfW(Phdr) * segment)
{
	uint64_t start = base + segment->p_vaddr, end = start + segment->p_memsz;

	if (segment->p_type == PT_GNU_EH_FRAME)
		module->eh_frame_hdr = (const uint8_t *)start;
	if (segment->p_type != PT_LOAD)
		return;
	if (start < module->start)
		module->start = start;
	if (end > module->end)
		module->end = end;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct mf_module *module = &table[table_count];

	(void)size, (void)unused;
	if (table_count == (find_object ? 1 : TABLE_MAX))
		return 1;
	*module = (struct mf_module){.start = UINT64_MAX};
	for (int segment = 0; segment < info->dlpi_phnum; segment++)
		add_segment(module, info->dlpi_addr, &info->dlpi_phdr[segment]);
	atomic_store(&table_ends[table_count++], module->end);
	return 0;
}

void mf_modules_start(void)
{
	find_object = (find_object_function *)dlsym(RTLD_DEFAULT, "_dl_find_object");
	table_count = 0;
	dl_iterate_phdr(add_module, NULL);
}

static bool find_in_table(uint64_t address, struct mf_module *module)
{
	for (size_t each = 0; each < table_count; each++)
		if (address >= table[each].start && address < atomic_load(&table_ends[each])) {
			*module = table[each];
			return true;
		}
	return false;
}

/* A part of an object is told with the same table as the whole of it. */
void mf_unwind_complete(const void *eh_frame_hdr, uint64_t *start, uint64_t *end)
{
	const struct mf_module *program = &table[0];

	if (eh_frame_hdr != program->eh_frame_hdr || *start < program->start || *end > program->end)
		return;
	*start = program->start;
	*end = program->end;
}

bool mf_module_find(uint64_t address, struct mf_module *module)
{
	struct dl_find_object found;

	if (!find_object)
		return find_in_table(address, module);
	if (find_object((void *)address, &found) != 0)
		return false;
	*module = (struct mf_module){(uint64_t)found.dlfo_map_start, (uint64_t)found.dlfo_map_end,
				     found.dlfo_eh_frame};
	mf_unwind_complete(found.dlfo_eh_frame, &module->start, &module->end);
	return true;
}

void mf_modules_forget(uint64_t start, uint64_t end)
{
	for (size_t each = 0; each < table_count; each++)
		if (start < atomic_load(&table_ends[each]) && end > table[each].start)
			atomic_store(&table_ends[each], 0);
}

/* Which ELF objects backtraces run through: found by address, defined once, forgotten when they are unmapped.
 */
#define _GNU_SOURCE
#include "definitions.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "defined.h"
#include "scratch.h"
#include "table.h"
#include "text.h"

/* glibc 2.35's finder, which neither locks nor allocates; absent in older ones: then modules come from
 * snapshots. */
extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));

enum { KNOWN_MAX = 1024 };

/* Of defined modules, to notice that one is unmapped. */
MF_TABLE(struct mf_range, known_modules, KNOWN_MAX)
static size_t known_count;

static void remember(uint64_t start, uint64_t end)
{
	size_t place = __atomic_fetch_add(&known_count, 1, __ATOMIC_RELAXED) % KNOWN_MAX;
	__atomic_store_n(&known_modules()[place].end, end, __ATOMIC_RELAXED);
	__atomic_store_n(&known_modules()[place].start, start, __ATOMIC_RELEASE);
}

static bool is_known_module_in(uint64_t start, uint64_t end)
{
	size_t count = __atomic_load_n(&known_count, __ATOMIC_RELAXED);
	bool found = false;
	for (size_t i = 0; i < count && i < KNOWN_MAX; i++) {
		if (known_modules()[i].start >= end || known_modules()[i].end <= start)
			continue;
		__atomic_store_n(&known_modules()[i].end, 0, __ATOMIC_RELAXED);
		found = true;
	}
	return found;
}

void definitions_renew(void)
{
	__atomic_fetch_add(&tracer.salt, 0x9E3779B97F4A7C15ULL, __ATOMIC_RELAXED);
}

void definitions_forget(uint64_t start, uint64_t end)
{
	mf_unwind_forget(start, end);
	if (is_known_module_in(start, end))
		definitions_renew();
}

/* Copies the build-id out of a loaded object's notes; 0 if it has none. */
static uint64_t read_build_id(const ElfW(Ehdr) * header, uint64_t bias, uint64_t end, uint8_t build_id[32])
{
	const ElfW(Phdr) *segments = (const void *)((const char *)header + header->e_phoff);
	if (!text_begins((const char *)header->e_ident, ELFMAG) ||
	    header->e_phoff + header->e_phnum * sizeof *segments > 4096)
		return 0;
	for (int i = 0; i < header->e_phnum; i++) {
		uint64_t at = bias + segments[i].p_vaddr, stop = at + segments[i].p_memsz;
		if (segments[i].p_type != PT_NOTE || stop > end || at < (uint64_t)header)
			continue;
		while (at + sizeof(ElfW(Nhdr)) < stop) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = (const char *)(note + 1);
			const uint8_t *value = (const uint8_t *)name + ((note->n_namesz + 3u) & ~3u);
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			    text_equal(name, "GNU") && note->n_descsz <= 32 &&
			    (uint64_t)value + note->n_descsz <= stop) {
				__builtin_memcpy(build_id, value, note->n_descsz);
				return note->n_descsz;
			}
			at = (uint64_t)value + ((note->n_descsz + 3u) & ~3u);
		}
	}
	return 0;
}

static void write_module(const struct dl_find_object *found, const uint64_t range[2], const char *path)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return;
	struct mf_module *module = (struct mf_module *)scratch->bytes;
	*module = (struct mf_module){.record.kind = MF_MODULE,
				     .start = range[0],
				     .end = range[1],
				     .bias = found->dlfo_link_map ? found->dlfo_link_map->l_addr : 0};
	module->build_id_size =
	    read_build_id((const void *)range[0], module->bias, module->end, module->build_id);
	size_t length = text_length(path);
	module->path_size = length < 4096 ? length : 4096;
	__builtin_memset(module->path, 0, (module->path_size + 7) & ~7ULL);
	__builtin_memcpy(module->path, path, module->path_size);
	module->record.size = (uint16_t)(sizeof *module + ((module->path_size + 7) & ~7ULL));
	mf_ring_define(&tracer.ring, &module->record);
	scratch_give(scratch);
}

static void define_module(const struct dl_find_object *found)
{
	uint64_t range[2] = {(uint64_t)found->dlfo_map_start, (uint64_t)found->dlfo_map_end};
	mf_unwind_complete(found->dlfo_eh_frame, &range[0], &range[1]);
	uint64_t key = mf_mix(0x6D6F64, range, 2);
	if (defined_has(key))
		return;
	const char *path = found->dlfo_link_map ? found->dlfo_link_map->l_name : "[vdso]";
	write_module(found, range, path[0] ? path : tracer.executable);
	defined_add(key);
	remember(range[0], range[1]);
}

/* Most callers lie in the module of who they called. */
void define_modules_of(const uint64_t *returns, size_t count)
{
	struct dl_find_object found = {0};
	for (size_t i = 0; i < count; i++) {
		void *address = (void *)(returns[i] - 1);
		if (address >= found.dlfo_map_start && address < found.dlfo_map_end)
			continue;
		if (_dl_find_object && _dl_find_object(address, &found) == 0)
			define_module(&found);
	}
}

#define _GNU_SOURCE
#include "stub_cache.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "hooks.h"
#include "scratch.h"
#include "text.h"
#include "tracer.h"
#include "vdso.h"

enum {
	VERSION = 9, /* of what is searched for */
	SETS = 2048,
	WAYS = 2,
	LENGTH_MIN = 32 * 1024,	      /* shorter code is searched as fast */
	SETTLED = 2 * 1000 * 1000000, /* ns after a change: until then a second one may bear the same time */
};

struct entry {
	uint64_t check;
	struct stub_origin origin;
	struct stub_findings findings;
};
_Static_assert(sizeof(struct entry) == 512, "no entry crosses a page");
_Static_assert((WAYS + 1) * sizeof(struct entry) <= sizeof(struct scratch), "a set fits into a buffer");

static char place[4096]; /* the cache's path; empty: there is none */
static long kept = -1;	 /* open on it while the start is at work */

void stub_cache_start(const char *path)
{
	if (!path || path[0] != '/' || text_length(path) >= sizeof place)
		return;
	struct text text = text_over(place, sizeof place);
	text_add(&text, path);
}

struct stub_origin stub_origin_of(const struct stat *facts, uint64_t offset, uint64_t length)
{
	return (struct stub_origin){.device = facts->st_dev,
				    .inode = facts->st_ino,
				    .size = (uint64_t)facts->st_size,
				    .changed = (uint64_t)facts->st_ctim.tv_sec * 1000000000u +
					       (uint64_t)facts->st_ctim.tv_nsec,
				    .offset = offset,
				    .length = length};
}

bool stub_cache_is_for(uint64_t length)
{
	return place[0] && length >= LENGTH_MIN && length <= UINT32_MAX;
}

static bool may_be_kept(const struct stub_origin *origin)
{
	return origin->inode && stub_cache_is_for(origin->length);
}

/* Covers what is searched for, too: another tracer's findings do not count. */
static uint64_t check_of(const struct entry *entry)
{
	uint64_t wanted = mf_mix(VERSION, hook_syscall_interest, 512 / 8);
	return mf_mix(wanted, &entry->origin, (sizeof *entry - sizeof entry->check) / 8);
}

static bool is_whole(const struct entry *entry)
{
	return entry->check == check_of(entry) && entry->findings.count <= STUB_PLACES_MAX;
}

static bool is_same(const struct stub_origin *a, const struct stub_origin *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed == b->changed && a->offset == b->offset && a->length == b->length;
}

static long set_of(const struct stub_origin *origin)
{
	return (long)(mf_mix(0, origin, sizeof *origin / 8) % SETS * WAYS * sizeof(struct entry));
}

static long open_place(void)
{
	if (kept >= 0)
		return kept;
	return raw_syscall4(SYS_openat, AT_FDCWD, (long)place, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
}

static void close_place(long file)
{
	if (file >= 0 && file != kept)
		raw_syscall1(SYS_close, file);
}

void stub_cache_open(void)
{
	kept = place[0] ? open_place() : -1;
}

void stub_cache_close(void)
{
	long file = kept;
	kept = -1;
	close_place(file);
}

/* The entries of a set; what is not there reads as nothing. Returns the open file, or -errno. */
static long read_set(const struct stub_origin *origin, struct entry entries[WAYS])
{
	__builtin_memset(entries, 0, WAYS * sizeof *entries);
	long file = open_place();
	if (file >= 0)
		raw_syscall4(SYS_pread64, file, (long)entries, (long)(WAYS * sizeof *entries),
			     set_of(origin));
	return file;
}

static bool find_among(const struct entry entries[WAYS], const struct stub_origin *origin,
		       struct stub_findings *findings)
{
	for (int i = 0; i < WAYS; i++)
		if (is_same(&entries[i].origin, origin) && is_whole(&entries[i])) {
			*findings = entries[i].findings;
			return true;
		}
	return false;
}

bool stub_cache_find(const struct stub_origin *origin, struct stub_findings *findings)
{
	struct scratch *scratch = may_be_kept(origin) ? scratch_take() : NULL;
	if (!scratch)
		return false;
	struct entry *entries = (struct entry *)scratch->bytes;
	long file = read_set(origin, entries);
	bool is_found = file >= 0 && find_among(entries, origin, findings);
	close_place(file);
	scratch_give(scratch);
	return is_found;
}

/* Its time tells the file's state from every later one. */
static bool is_settled(const struct stub_origin *origin)
{
	return !mf_sandbox_is_confined() && vdso_time(CLOCK_REALTIME) > origin->changed + SETTLED;
}

static void write_entry(const struct stub_origin *origin, const struct stub_findings *findings,
			struct entry entries[WAYS + 1])
{
	long file = read_set(origin, entries);
	struct entry *made = &entries[WAYS];
	int way = is_whole(&entries[0]) && (!is_whole(&entries[1]) || origin->changed & 1);
	*made = (struct entry){.origin = *origin, .findings = *findings};
	made->check = check_of(made);
	if (file < 0)
		return;
	raw_syscall4(SYS_pwrite64, file, (long)made, sizeof *made, set_of(origin) + way * (long)sizeof *made);
	close_place(file);
}

void stub_cache_keep(const struct stub_origin *origin, const struct stub_findings *findings)
{
	struct scratch *scratch = may_be_kept(origin) && is_settled(origin) ? scratch_take() : NULL;
	if (!scratch)
		return;
	write_entry(origin, findings, (struct entry *)scratch->bytes);
	scratch_give(scratch);
}

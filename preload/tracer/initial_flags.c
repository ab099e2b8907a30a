/*
 * Which flags a VMA has follows from what it was made for, as long as nobody but execve (fs/exec.c,
 * fs/binfmt_elf.c, arch/x86/entry/vdso) and ld.so had a hand in it: all may be read, written and executed,
 * private memory is accounted for once it was writable, and what is not any more was written to (RELRO). Two
 * settings that an image inherits would change that: KSM for all memory, and shadow stacks.
 */
#define _GNU_SOURCE
#include "initial_flags.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "snapshot.h"
#include "text.h"

#define PR_GET_MEMORY_MERGE 68 /* Linux 6.4 */

/* Linux include/uapi/linux/fs.h, 6.7. */
struct scan_region {
	uint64_t start, end, categories;
};
struct scan_argument {
	uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
	uint64_t inverted, mask, any_of, returned;
};
_Static_assert(sizeof(struct scan_argument) == 96, "kernel ABI");
#define PAGEMAP_SCAN 0xC0606610UL /* _IOWR('f', 16, struct pm_scan_arg) */
#define OF_FILE	     4ULL
#define PRESENT	     8ULL
#define SWAPPED	     16ULL
#define ZERO_PAGE    32ULL
#define ADDRESSES    0x7FFFFFFFF000ULL

enum { REGIONS = 32 };

/* One after the other where they touch. */
static bool keep(struct initial_flags *flags, const struct scan_region *regions, long count)
{
	for (long i = 0; i < count; i++) {
		if (flags->count == INITIAL_RANGES_MAX)
			return false;
		flags->anonymous[flags->count++] = (struct mf_range){regions[i].start, regions[i].end};
	}
	return true;
}

static bool find_anonymous(int file, struct initial_flags *flags)
{
	struct scan_region regions[REGIONS] = {{0}}; /* valgrind does not know who writes there */
	struct scan_argument scan = {.size = sizeof scan,
				     .end = ADDRESSES,
				     .regions = (uint64_t)regions,
				     .region_count = REGIONS,
				     .inverted = OF_FILE | ZERO_PAGE,
				     .mask = OF_FILE | ZERO_PAGE,
				     .any_of = PRESENT | SWAPPED,
				     .returned = PRESENT};
	long count = REGIONS;
	for (; count == REGIONS; scan.start = scan.walk_end) {
		count = raw_syscall3(SYS_ioctl, file, PAGEMAP_SCAN, (long)&scan);
		if (count < 0 || !keep(flags, regions, count))
			return false;
	}
	return true;
}

/* The instruction does nothing where there is none. */
static bool has_shadow_stack(void)
{
	uint64_t pointer = 0;
#if defined(__x86_64__)
	__asm__ volatile("rdsspq %0" : "+r"(pointer));
#else
	pointer = 1;
#endif
	return pointer != 0;
}

static bool is_usual(void)
{
	long merges = raw_syscall5(SYS_prctl, PR_GET_MEMORY_MERGE, 0, 0, 0, 0);
	return !has_shadow_stack() && (merges == 0 || merges == -EINVAL);
}

static void name_flags(struct initial_flags *flags)
{
	flags->may = snapshot_flag_bits("mrmwme");
	flags->accounted = snapshot_flag_bits("ac");
	flags->stack = snapshot_flag_bits("gd");
	flags->data_of_vdso = snapshot_flag_bits("mrpfiodedd");
	flags->vdso = snapshot_flag_bits("mrmwmede");
	flags->shared = snapshot_flag_bits("mrmems");
	flags->random = snapshot_flag_bits("rr");
	flags->wiped = snapshot_flag_bits("wf");
}

bool initial_flags_begin(struct initial_flags *flags)
{
	flags->count = 0;
	if (!is_usual())
		return false;
	long file = raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return false;
	bool is_known = find_anonymous((int)file, flags);
	raw_syscall1(SYS_close, file);
	name_flags(flags);
	return is_known;
}

static bool has_anonymous(const struct initial_flags *flags, const struct mf_snapshot_vma *vma)
{
	for (size_t i = 0; i < flags->count && flags->anonymous[i].start < vma->end; i++)
		if (flags->anonymous[i].end > vma->start)
			return true;
	return false;
}

/* The lowest three rights are the first three flags. */
static uint64_t rights_of(const struct mf_snapshot_vma *vma)
{
	return (vma->flags & 7) << MF_VMA_FLAG_SHIFT;
}

static uint64_t shared_flags(const struct initial_flags *flags, const struct mf_snapshot_vma *vma)
{
	uint64_t result = flags->shared;
	if (vma->flags & MF_VMA_WRITE)
		result |= snapshot_flag_bits("shmw");
	return result | (vma->start == (uint64_t)tracer.ring.header ? flags->random : 0);
}

/* Code that was written to is what the tracer redirected, which takes no right to write. */
static uint64_t private_flags(const struct initial_flags *flags, const struct mf_snapshot_vma *vma,
			      bool is_written)
{
	uint64_t result = flags->may;
	if (vma->flags & MF_VMA_WRITE || (is_written && !(vma->flags & MF_VMA_EXEC)))
		result |= flags->accounted;
	return result | (vma->start == (uint64_t)tracer.alive ? flags->wiped : 0);
}

uint64_t initial_flags_of(const struct initial_flags *flags, const struct mf_snapshot_vma *vma,
			  const char *name)
{
	uint64_t rights = rights_of(vma);
	if (text_begins(name, "[vvar"))
		return rights | flags->data_of_vdso;
	if (text_begins(name, "[vdso]"))
		return rights | flags->vdso;
	if (vma->flags & MF_VMA_SHARED)
		return rights | shared_flags(flags, vma);
	bool is_written = has_anonymous(flags, vma);
	rights |= private_flags(flags, vma, is_written);
	return rights | (is_written ? MF_VMA_HAS_ANON : 0) |
	       (text_begins(name, "[stack]") ? flags->stack : 0);
}

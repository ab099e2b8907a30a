#define _GNU_SOURCE
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "definitions.h"
#include "descriptor_link.h"
#include "scratch.h"

/* Linux include/uapi/linux/fs.h, 6.11. */
struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
_Static_assert(sizeof(struct procmap_query) == 104, "kernel ABI");
#define PROCMAP_QUERY_REQUEST 0xC0686611UL /* _IOWR('f', 17, struct procmap_query) */

#define COVERING_OR_NEXT 0x10ULL

enum { DESCRIPTOR_HIGH = 1000, DESCRIPTOR_LOW = 100 };

static uint64_t device, inode; /* of the list, to know the descriptor again */

static int open_high(const char *path)
{
	struct mf_room room;
	mf_room_begin(&room);
	long low = raw_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0), high = low;
	if (low >= 0) {
		high = raw_syscall3(SYS_fcntl, low, F_DUPFD_CLOEXEC, mf_room_least(&room, DESCRIPTOR_HIGH));
		if (high < 0)
			high = raw_syscall3(SYS_fcntl, low, F_DUPFD_CLOEXEC, DESCRIPTOR_LOW);
		raw_syscall1(SYS_close, low);
	}
	mf_room_end(&room);
	return high < 0 ? -1 : (int)high;
}

static void identify(void)
{
	struct stat facts;
	bool is_known = tracer.maps >= 0 && raw_syscall2(SYS_fstat, tracer.maps, (long)&facts) == 0;
	device = is_known ? facts.st_dev : 0;
	inode = is_known ? facts.st_ino : 0;
}

bool observe_is_emulated(void)
{
	struct statfs facts;
	return tracer.maps >= 0 && raw_syscall2(SYS_fstatfs, tracer.maps, (long)&facts) == 0 &&
	       facts.f_type != PROC_SUPER_MAGIC;
}

bool observe_is_list(const struct stat *facts)
{
	return facts->st_dev == device && facts->st_ino == inode;
}

bool observe_owns(int descriptor)
{
	struct stat facts;
	long error = descriptor < 0 ? -EBADF : raw_syscall2(SYS_fstat, descriptor, (long)&facts);
	if (error == -EPERM) /* a filter forbids to ask */
		return descriptor == tracer.maps;
	return error == 0 && observe_is_list(&facts);
}

static bool query(uint64_t address, uint64_t flags, char *name, uint32_t name_size,
		  struct procmap_query *answer)
{
	*answer = (struct procmap_query){.size = sizeof *answer,
					 .query_flags = flags,
					 .query_addr = address,
					 .vma_name_size = name_size,
					 .vma_name_addr = (uint64_t)name};
	return raw_syscall3(SYS_ioctl, tracer.maps, PROCMAP_QUERY_REQUEST, (long)answer) == 0;
}

void observe_start(void)
{
	struct procmap_query answer;
	tracer.maps = open_high("/proc/self/maps");
	identify();
	tracer.has_query = tracer.maps >= 0 && query((uint64_t)&tracer, 0, NULL, 0, &answer);
}

/* The kernel's bits for rights and sharing are the log's. */
static struct mf_observation seen(const struct procmap_query *answer)
{
	enum { PAGE = 4096 };
	uint64_t size = answer->vma_page_size > PAGE ? MF_HUGE_PAGES : 0;
	bool follows = answer->inode && answer->vma_offset == answer->vma_start;
	return (struct mf_observation){.start = answer->vma_start,
				       .end = answer->vma_end,
				       .rights = (answer->vma_flags & 0xF) | size |
						 (follows ? MF_OFFSET_FOLLOWS : 0),
				       .time = tracer.has_threads ? tracer_now() : 0};
}

bool observe_range(uint64_t address, struct mf_observation *observation)
{
	struct procmap_query answer;
	if (!tracer.has_query || !query(address, COVERING_OR_NEXT, NULL, 0, &answer))
		return false;
	*observation = seen(&answer);
	return true;
}

uint64_t observe_inode(uint64_t address)
{
	struct procmap_query answer;
	return tracer.has_query && query(address, 0, NULL, 0, &answer) ? answer.inode : 0;
}

void observe_end(void)
{
	if (observe_owns(tracer.maps))
		raw_syscall1(SYS_close, tracer.maps);
	tracer.maps = -1;
}

bool observe_vma(uint64_t address, struct mf_observation *observation)
{
	struct scratch *scratch = tracer.has_query ? scratch_take() : NULL;
	if (!scratch)
		return false;
	struct procmap_query answer;
	bool known = query(address, 0, scratch->bytes, 4096, &answer);
	if (known) {
		uint64_t device = (uint64_t)answer.dev_major << 32 | answer.dev_minor;
		size_t length = answer.vma_name_size ? answer.vma_name_size - 1 : 0;
		*observation = seen(&answer);
		if (length || answer.inode)
			observation->file = define_file(device, answer.inode, scratch->bytes, length);
	}
	scratch_give(scratch);
	return known;
}

bool observe_descriptor(int descriptor, struct mf_observation *observation)
{
	struct stat facts;
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return false;
	long length = descriptor_target(descriptor, scratch->bytes, 4096);
	bool known = raw_syscall4(SYS_newfstatat, descriptor, (long)"", (long)&facts, AT_EMPTY_PATH) == 0;
	if (known) {
		uint64_t device = (uint64_t)major(facts.st_dev) << 32 | minor(facts.st_dev);
		*observation =
		    (struct mf_observation){.rights = MF_UNKNOWN,
					    .file = define_file(device, facts.st_ino, scratch->bytes,
								length > 0 ? (size_t)length : 0)};
	}
	scratch_give(scratch);
	return known;
}

uint64_t observe_access(int descriptor)
{
	long flags = raw_syscall3(SYS_fcntl, descriptor, F_GETFL, 0);
	if (flags < 0)
		return 0;
	return (flags & O_ACCMODE) == O_RDONLY ? MF_FILE_READ_ONLY : MF_FILE_WRITABLE;
}

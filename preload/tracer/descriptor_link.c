#define _GNU_SOURCE
#include "descriptor_link.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "text.h"
#include "tracer.h"

struct descriptor_link descriptor_link(int descriptor)
{
	struct descriptor_link link;
	struct text text = text_over(link.path, sizeof link.path);
	text_add(&text, "/proc/self/fd/");
	text_add_number(&text, (unsigned)descriptor);
	return link;
}

long descriptor_target(int descriptor, char *target, size_t size)
{
	struct descriptor_link link = descriptor_link(descriptor);
	long length = raw_syscall4(SYS_readlinkat, AT_FDCWD, (long)link.path, (long)target, (long)size - 1);
	target[length > 0 ? length : 0] = 0;
	return length;
}

size_t descriptor_read(int descriptor, uint64_t offset, void *bytes, size_t size)
{
	long count = raw_syscall4(SYS_pread64, descriptor, (long)bytes, (long)size, (long)offset);
	return count > 0 ? (size_t)count : 0;
}

#define _GNU_SOURCE
#include "privileged.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "raw_syscall.h"

#define NO_SET_ID 2 /* ST_NOSUID of <sys/statvfs.h>: f_flags has the same bits */

/* An owner's and a group's number, real and effective. */
struct identity {
	unsigned user, effective_user, group, effective_group;
};

static struct identity own_identity(void)
{
	return (struct identity){.user = (unsigned)raw_syscall0(SYS_getuid),
				 .effective_user = (unsigned)raw_syscall0(SYS_geteuid),
				 .group = (unsigned)raw_syscall0(SYS_getgid),
				 .effective_group = (unsigned)raw_syscall0(SYS_getegid)};
}

static bool is_nosuid(int file)
{
	struct statfs facts;
	return file >= 0 && raw_syscall2(SYS_fstatfs, file, (long)&facts) == 0 && facts.f_flags & NO_SET_ID;
}

static bool has_given_up_rights(void)
{
	return raw_syscall5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

/* Those that are in force at once count even where no right can be got (get_file_caps); those that it may
 * only inherit do not. */
static bool has_capabilities(int file)
{
	uint32_t attribute[6] = {0}; /* struct vfs_ns_cap_data */
	if (raw_syscall4(SYS_fgetxattr, file, (long)"security.capability", (long)attribute,
			 sizeof attribute) <= 0)
		return false;
	bool is_permitted = attribute[1] || attribute[3];
	return attribute[0] & VFS_CAP_FLAGS_EFFECTIVE || (is_permitted && !has_given_up_rights());
}

/* What the file's bits make of it. Without the group's right to execute the other bit means a lock. */
static void take_bits(struct identity *identity, const struct stat *facts)
{
	if (facts->st_mode & S_ISUID)
		identity->effective_user = facts->st_uid;
	if ((facts->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		identity->effective_group = facts->st_gid;
}

static bool differs(const struct identity *identity)
{
	return identity->effective_user != identity->user || identity->effective_group != identity->group;
}

/* One that cannot be read has its bits all the same, and capabilities that nobody can see. */
bool privileged_is(int folder, const char *path)
{
	struct identity now = own_identity(), then = now;
	struct stat facts;
	if (raw_syscall4(SYS_newfstatat, folder, (long)path, (long)&facts, 0) == 0)
		take_bits(&then, &facts);
	bool is_changed =
	    then.effective_user != now.effective_user || then.effective_group != now.effective_group;
	if (!is_changed && now.user == 0)
		return differs(&now);
	long file = raw_syscall4(SYS_openat, folder, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	bool is_given = !is_nosuid((int)file);
	bool is_capable = is_given && now.user != 0 && has_capabilities((int)file);
	if (file >= 0)
		raw_syscall1(SYS_close, file);
	return is_capable || differs(is_given && !has_given_up_rights() ? &then : &now);
}

/*
 * Programs that close everything, take every number, or have none left, and say what they were told.
 *
 * descriptors loop|range|from|dup2|dup3|unopened|raw|used-up|listed|information|filtered
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than a ring of 256 KiB holds. */
static void churn(void)
{
	for (int i = 0; i < 1500; i++) {
		char *block =
		    mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(block + 4096, 4096, PROT_NONE);
		munmap(block, 3 * 4096);
	}
}

static void close_each(void)
{
	int closed = 0;
	for (int i = 3; i < 4096; i++) {
		errno = 0;
		if (close(i) == 0)
			closed++;
		else if (errno != EBADF)
			printf("close(%d): %s\n", i, strerror(errno));
	}
	printf("closed %d\n", closed);
}

static void take_each(int with_flags)
{
	for (int i = 900; i < 1100; i++) {
		int got = with_flags ? dup3(1, i, O_CLOEXEC) : dup2(1, i);
		if (got != i)
			printf("%d in place of %d\n", got, i);
	}
}

static int is_unopened(long answer)
{
	int is_so = answer == -1 && errno == EBADF;
	errno = 0;
	return is_so;
}

static void use_unopened(void)
{
	struct stat facts;
	for (int i = 900; i < 1100; i++)
		if (!is_unopened(dup2(i, 50)) || !is_unopened(dup3(i, 50, 0)) || !is_unopened(dup(i)) ||
		    !is_unopened(fcntl(i, F_GETFD)) || !is_unopened(fcntl(i, F_DUPFD, 0)) ||
		    !is_unopened(fstat(i, &facts)) || !is_unopened(lseek(i, 0, SEEK_CUR)))
			printf("%d is open\n", i);
}

static void use_up(void)
{
	struct rlimit few = {20, 20};
	setrlimit(RLIMIT_NOFILE, &few);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	printf("then: %s\n", strerror(errno));
}

/* The first number in the folder but those of the standard streams and the folder's own, or -1. */
static int first_listed(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int number = -1;
	while (folder && number < 3 && (entry = readdir(folder))) {
		number = atoi(entry->d_name);
		if (number == dirfd(folder))
			number = -1;
	}
	closedir(folder);
	return number < 3 ? -1 : number;
}

static void close_listed(const char *path)
{
	int number, closed = 0;
	while ((number = first_listed(path)) >= 0)
		closed += close(number) == 0;
	printf("closed %d\n", closed);
}

/* A filter that has nothing to do with it. */
static void install_filter(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void act(const char *way)
{
	if (!strcmp(way, "loop"))
		close_each();
	if (!strcmp(way, "range"))
		printf("%d\n", close_range(3, ~0U, 0));
	if (!strcmp(way, "from"))
		closefrom(3);
	if (!strcmp(way, "dup2") || !strcmp(way, "dup3"))
		take_each(way[3] == '3');
	if (!strcmp(way, "unopened"))
		use_unopened();
	if (!strcmp(way, "raw"))
		printf("%ld\n", syscall(SYS_close_range, 3, ~0U, 0));
	if (!strcmp(way, "used-up"))
		use_up();
	if (!strcmp(way, "listed"))
		close_listed("/proc/self/fd");
	if (!strcmp(way, "filtered")) {
		install_filter();
		close_listed("/proc/self/fd");
	}
	if (!strcmp(way, "information"))
		close_listed("/proc/thread-self/fdinfo");
}

int main(int count, char **arguments)
{
	if (count != 2)
		return 64;
	printf("first %d\n", open("/dev/null", O_RDONLY));
	churn();
	act(arguments[1]);
	churn();
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	int low = 0;
	for (int i = 3; i < 100; i++)
		low += fcntl(i, F_GETFD) >= 0;
	printf("limits %lu %lu, %d open, next %d\n", limit.rlim_cur, limit.rlim_max, low,
	       open("/dev/null", O_RDONLY));
	return 0;
}

/* Starts a program in every way there is, each time with an environment of its own choice: cleared, or
 * preloading. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char *arguments[] = {"true", NULL};
static char *cleared[] = {NULL};
static char *preloading[] = {"A=b", "LD_PRELOAD=libm.so.6", NULL};

static void await(pid_t child)
{
	int status;
	waitpid(child, &status, 0);
	printf("%d\n", status);
}

int main(void)
{
	pid_t child = fork();
	if (child == 0) {
		execve("/bin/true", arguments, cleared);
		_exit(1);
	}
	await(child);
	child = vfork();
	if (child == 0) {
		execve("/bin/true", arguments, cleared);
		_exit(1);
	}
	await(child);
	child = fork();
	if (child == 0) {
		fexecve(open("/bin/true", O_RDONLY), arguments, cleared);
		_exit(1);
	}
	await(child);
	posix_spawn(&child, "/bin/true", NULL, NULL, arguments, cleared);
	await(child);
	posix_spawn(&child, "/bin/true", NULL, NULL, arguments, preloading);
	await(child);
	/* The kernel's to refuse. */
	child = fork();
	if (child == 0) {
		execve("/bin/true", arguments, (char **)8);
		_exit(7);
	}
	await(child);
	return 0;
}

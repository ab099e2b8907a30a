/*
 * Confines itself by a seccomp filter and goes on working. USE: sandboxed WAY [NUMBER]
 *
 * - allow: a filter that allows everything
 * - tracer: death to whoever makes the system call NUMBER, or any that the program itself does not make, from
 *   within mapfray's library
 * - threads: the same in a thread of its own, for all threads
 * - execute: death to whoever makes the system call NUMBER, then executes itself
 * - strict: SECCOMP_MODE_STRICT
 * - strict-map: the same, then makes a call that it forbids, with a handler for SIGSEGV
 * - work: no filter
 */
#define _GNU_SOURCE
#include "churn.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD(field)                                                                                          \
	(struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JUMP(test, value, yes, no) (struct sock_filter) BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no)
#define END(action)		   (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, action)

static unsigned long start, end; /* of the library's code */

static void find_library(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, maps)) {
		unsigned long from, to;
		char rights[8];
		if (strstr(line, "libmapfray-preload") &&
		    sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && rights[2] == 'x')
			start = from, end = to;
	}
	fclose(maps);
}

/* The program's own calls, which enter the kernel from there too. */
static const int passed_on[] = {SYS_mmap,  SYS_munmap, SYS_mprotect, SYS_madvise,    SYS_brk,	SYS_mremap,
				SYS_clone, SYS_execve, SYS_close,    SYS_exit_group, SYS_prctl, SYS_seccomp};

static int allow_from_anywhere(struct sock_filter *steps)
{
	int count = 0;
	for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
		steps[count++] = JUMP(BPF_JEQ, passed_on[i], 0, 1);
		steps[count++] = END(SECCOMP_RET_ALLOW);
	}
	return count;
}

/* Kills where the instruction lies in the library. */
static int forbid_library(struct sock_filter *steps)
{
	int count = 0;
	steps[count++] = LOAD(instruction_pointer) /* its lower half */;
	steps[count++] = JUMP(BPF_JGE, (unsigned)start, 1, 0);
	steps[count++] = END(SECCOMP_RET_ALLOW);
	steps[count++] = JUMP(BPF_JGE, (unsigned)end, 0, 1);
	steps[count++] = END(SECCOMP_RET_ALLOW);
	steps[count] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, instruction_pointer) + 4);
	count++;
	steps[count++] = JUMP(BPF_JEQ, (unsigned)(start >> 32), 1, 0);
	steps[count++] = END(SECCOMP_RET_ALLOW);
	steps[count++] = END(SECCOMP_RET_KILL_PROCESS);
	return count;
}

static int filter(struct sock_filter *steps, const char *way, int number)
{
	int count = 0;
	if (!strcmp(way, "allow")) {
		steps[count++] = END(SECCOMP_RET_ALLOW);
		return count;
	}
	steps[count++] = LOAD(nr);
	if (number < 0)
		count += allow_from_anywhere(steps + count);
	else {
		steps[count++] = JUMP(BPF_JEQ, (unsigned)number, 1, 0);
		steps[count++] = END(SECCOMP_RET_ALLOW);
	}
	if (strcmp(way, "execute"))
		return count + forbid_library(steps + count);
	steps[count++] = END(SECCOMP_RET_KILL_PROCESS);
	return count;
}

static void install(const char *way, int number)
{
	struct sock_filter steps[64];
	struct sock_fprog program = {(unsigned short)filter(steps, way, number), steps};
	unsigned flags = strcmp(way, "threads") ? 0 : SECCOMP_FILTER_FLAG_TSYNC;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
		exit(65);
}

static void *churn_in_thread(void *unused)
{
	churn(500);
	return unused;
}

static void work(void)
{
	pthread_t thread;
	churn(3000);
	pthread_create(&thread, NULL, churn_in_thread, NULL);
	pthread_join(thread, NULL);
	pid_t child = fork();
	if (child == 0) {
		churn(100);
		_exit(3);
	}
	int status = 0;
	waitpid(child, &status, 0);
	void *much = mmap(NULL, 1UL << 50, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("child %x, %s\n", status, much == MAP_FAILED ? strerror(errno) : "?");
	printf("close: %s\n", close(1000) == 0 ? "done" : strerror(errno));
}

static void *install_in_thread(void *number)
{
	install("threads", *(int *)number);
	return NULL;
}

static void leave(int signal)
{
	syscall(SYS_exit, signal);
}

int main(int count, char **arguments)
{
	const char *way = count > 1 ? arguments[1] : "";
	int number = count > 2 ? atoi(arguments[2]) : -1;
	find_library();
	churn(100);
	if (!strncmp(way, "strict", 6)) {
		signal(SIGSEGV, leave);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
			return 65;
		if (write(1, "strict\n", 7) != 7)
			return 66;
		if (way[6])
			mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		syscall(SYS_exit, 0);
	}
	if (!strcmp(way, "threads")) {
		pthread_t thread;
		pthread_create(&thread, NULL, install_in_thread, &number);
		churn(200);
		pthread_join(thread, NULL);
	} else if (strcmp(way, "work"))
		install(way, number);
	if (!strcmp(way, "execute")) {
		execl(arguments[0], arguments[0], "work", NULL);
		return 67;
	}
	work();
	return 0;
}

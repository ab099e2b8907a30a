/*
 * Has its own system calls handed back to it by syscall user dispatch, and maps memory through libc the
 * while. USE: dispatched WHICH
 *
 * - outside: every call that libc does not make
 * - none: no call, as everything is exempt
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, ANSWER = 4711 };

static volatile char selector; /* 0: all pass, 1: those outside the range are dispatched */
static int dispatched, strangers;
static unsigned long start, size; /* of libc's code */

static void on_call(int number, siginfo_t *info, void *context)
{
	(void)number;
	selector = 0;
	dispatched++;
	strangers += info->si_syscall != SYS_getppid;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = ANSWER;
}

static int find_libc(struct dl_phdr_info *object, size_t unused, void *nothing)
{
	(void)unused, (void)nothing;
	if (!strstr(object->dlpi_name, "/libc.so"))
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD && object->dlpi_phdr[i].p_flags & PF_X) {
			start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
			size = object->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

/* With a number that is not written before the instruction, so that the call is this program's own. */
static long own_getppid(void)
{
	volatile long number = SYS_getppid;
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}

int main(int count, char **arguments)
{
	int all = count > 1 && strcmp(arguments[1], "none") == 0;
	struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &action, NULL);
	dl_iterate_phdr(find_libc, NULL);
	if (all)
		start = 0, size = ~0UL;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, size, &selector) != 0)
		return perror("prctl"), 1;
	long process = getpid();
	selector = 1;
	int is_same = syscall(SYS_getpid) == process;
	errno = 7;
	char *area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int is_kept = errno == 7;
	int is_refused = mprotect((char *)PAGE, PAGE, PROT_READ) == -1 && errno == ENOMEM;
	int is_cut = mprotect(area + PAGE, PAGE, PROT_NONE) == 0;
	int is_closed = close(12345) == -1 && errno == EBADF;
	free(malloc(1 << 20));
	int is_own = own_getppid() == (all ? getppid() : ANSWER);
	selector = 0;
	printf("%d %d %d %d %d %d, dispatched %d, strangers %d\n", is_same, is_kept, is_refused, is_cut,
	       is_closed, is_own, dispatched, strangers);
	return 3;
}

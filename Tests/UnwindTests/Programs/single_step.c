/*
 * Every instruction of prologues, epilogues, PLT entries, the lazy binding of a call and libc: the
 * processor's trap flag raises SIGTRAP after each one, and the handler compares the walks.
 */
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "oracle.h"

static volatile int steps, steps_max = 6000;

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number, (void)info;
	check("trap");
	if (++steps >= steps_max)
		interrupted->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static void trap_flag(int on)
{
	if (on)
		__asm__ volatile("sub $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq; add $128, %%rsp" ::
				     : "memory");
	else
		__asm__ volatile("sub $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; add $128, %%rsp" ::
				     : "memory");
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static NOINLINE void work(int *numbers, size_t count)
{
	qsort(numbers, count, sizeof(int), compare);
	free(malloc(100));
	getppid();
}

int main(void)
{
	int numbers[8] = {5, 4, 8, 2, 9, 1, 7, 3};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	mf_unwind_start();
	sigaction(SIGTRAP, &action, NULL);
	trap_flag(1);
	work(numbers, 8);
	trap_flag(0);
	return verdict(2000);
}

/* Through signal frames: on the same stack, on an alternate one, nested, and at every interruptible place. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "oracle.h"

static volatile sig_atomic_t ticks;

static void on_signal(int number)
{
	check("handler");
	if (number == SIGUSR1)
		raise(SIGUSR2);
	KEEP_FRAME();
}

static void on_tick(int number)
{
	(void)number;
	ticks++;
	check("timer");
	KEEP_FRAME();
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static NOINLINE void raise_from(int depth)
{
	volatile char local[16] = {0};

	if (depth)
		raise_from(depth - 1);
	else
		raise(SIGUSR1);
	local[0]++;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static NOINLINE void work(void)
{
	static int numbers[200];
	char text[64];

	for (int each = 0; each < 200; each++)
		numbers[each] = rand();
	qsort(numbers, 200, sizeof(int), compare);
	snprintf(text, sizeof(text), "%d %f", numbers[0], numbers[1] / 3.0);
	free(malloc((size_t)(numbers[2] % 5000)));
}

static void fault(int number)
{
	check("SIGSEGV handler");
	(void)number;
	_Exit(verdict(100));
}

int main(void)
{
	size_t size = 64 << 10;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char below[64 << 10];

	mf_unwind_start();
	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	raise_from(5);
	sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = size}, NULL);
	handle(SIGUSR1, on_signal, SA_ONSTACK);
	raise_from(5);
	handle(SIGUSR2, on_signal, SA_ONSTACK);
	raise_from(5);
	sigaltstack(&(stack_t){.ss_sp = below, .ss_size = sizeof(below)}, NULL);
	raise_from(5);
	handle(SIGPROF, on_tick, SA_ONSTACK | SA_RESTART);
	setitimer(ITIMER_PROF, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
	while (ticks < 100)
		work();
	setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	handle(SIGSEGV, fault, SA_ONSTACK);
	mprotect(memory, 4096, PROT_READ);
	*(volatile char *)memory = 1;
	return 1;
}

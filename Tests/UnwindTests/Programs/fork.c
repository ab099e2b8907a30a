/* Forked and vforked children of a process whose other threads are walking, and forgetting, all the time. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

#define THREADS	 4
#define CHILDREN 200

static struct mf_backtrace expected;
static volatile int stop;

static NOINLINE void walk(struct mf_backtrace *trace)
{
	struct mf_registers registers;

	mf_unwind_capture(&registers);
	trace->count = mf_unwind(&registers, trace->addresses, MF_UNWIND_DEPTH_MAX, &trace->cut);
}

static int compare(const void *a, const void *b)
{
	struct mf_backtrace trace;

	(void)a, (void)b;
	walk(&trace);
	return 0;
}

static void *churn(void *unused)
{
	int numbers[4] = {0};

	for (unsigned round = 0; !stop; round++) {
		qsort(numbers, 4, sizeof(int), compare);
		if (round % 16 == 0)
			mf_unwind_forget((uint64_t)&churn, (uint64_t)&churn + 1);
	}
	return unused;
}

/* The frames outside this function: child_is_right, main and what called it. */
static NOINLINE int is_expected(void)
{
	struct mf_backtrace trace;

	walk(&trace);
	return trace.count == expected.count && !trace.cut &&
	       memcmp(trace.addresses + 2, expected.addresses + 2, (trace.count - 2) * sizeof(uint64_t)) == 0;
}

static NOINLINE int child_is_right(int vforked)
{
	int status;
	pid_t pid;

	walk(&expected);
	/* As deep as the child's walk, which has is_expected() inside this function. */
	memmove(expected.addresses + 1, expected.addresses, expected.count++ * sizeof(uint64_t));
	pid = vforked ? vfork() : fork();
	if (pid == 0) {
		alarm(10);
		_exit(!is_expected());
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

int main(void)
{
	pthread_t threads[THREADS];
	int good = 0;

	mf_unwind_start();
	for (int each = 0; each < THREADS; each++)
		pthread_create(&threads[each], NULL, churn, NULL);
	for (int each = 0; each < CHILDREN; each++)
		good += child_is_right(each % 4 == 0);
	stop = 1;
	for (int each = 0; each < THREADS; each++)
		pthread_join(threads[each], NULL);
	printf("children %d right %d, frames %zu\n", CHILDREN, good, expected.count);
	return good != CHILDREN || expected.count < 5;
}

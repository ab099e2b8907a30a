/* Writers interrupted in the middle of a write. */
#include "writer.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#define INTERVAL 300 /* us */

static struct stage *staged;
static sigjmp_buf out;
static volatile sig_atomic_t writing;

/* Once: a handler that takes longer than the interval would leave no time between. */
static void set_timer(suseconds_t microseconds)
{
	struct itimerval timer = {.it_value.tv_usec = microseconds};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void start_timer(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(SIGALRM, &action, NULL);
	set_timer(INTERVAL);
}

static void write_in_handler(int signal)
{
	int saved = errno;

	(void)signal;
	writer_write_many(&staged->writers[1], staged->second);
	set_timer(INTERVAL);
	errno = saved;
}

/* FIRST records, while a timer's handler writes SECOND at a time. */
void scenario_handlers(struct stage *stage)
{
	staged = stage;
	start_timer(write_in_handler);
	writer_write_many(&stage->writers[0], stage->first);
	set_timer(0);
}

static void jump(int signal)
{
	(void)signal;
	set_timer(INTERVAL);
	if (writing)
		siglongjmp(out, 1);
}

/* FIRST records; a timer's handler jumps out of some of the writes. Writer 1 counts the jumps. */
void scenario_jumping(struct stage *stage)
{
	struct writer *writer = &stage->writers[0];

	start_timer(jump);
	while (writer->next < stage->first) {
		if (sigsetjmp(out, 1) != 0) {
			writing = 0;
			stage->writers[1].next++;
			continue;
		}
		writing = 1;
		writer_write(writer);
		writing = 0;
	}
	set_timer(0);
}

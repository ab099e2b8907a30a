/*
 * ring-writer LOG RING_SIZE SEGMENT_SIZE spill|flight SCENARIO FIRST SECOND
 * Writes a log as the scenario says and prints what the writers believe to have written.
 */
#include "writer.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(struct stage *);
} scenarios[] = {
    {"threads", scenario_threads}, {"define", scenario_define},
    {"killed", scenario_killed},   {"handlers", scenario_handlers},
    {"jumping", scenario_jumping}, {"limited", scenario_limited},
    {"full", scenario_full},	   {"closing", scenario_closing},
    {"gone", scenario_gone},	   {"limitedThreads", scenario_limited_threads},
    {"forked", scenario_forked},   {"late", scenario_late},
    {"resumed", scenario_resumed},
};

static struct mf_ring ring;
static struct stage stage;

static void report(void)
{
	uint64_t errno_changed = 0, refused = 0;

	for (unsigned i = 0; i < 16; i++) {
		errno_changed += stage.writers[i].errno_changed;
		refused += stage.writers[i].lost;
		printf("%" PRIu64 " ", stage.writers[i].next);
	}
	printf("%" PRIu64 " %" PRIu64 "\n", refused, errno_changed);
}

/* A test runner may hold signals back. */
static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run(const char *name)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
		if (strcmp(name, scenarios[i].name) != 0)
			continue;
		scenarios[i].run(&stage);
		if (!stage.leave_open)
			mf_ring_finish(&ring);
		report();
		return 0;
	}
	return 64;
}

int main(int count, char **arguments)
{
	if (count != 8)
		return 64;
	unblock_signals();
	struct mf_ring_options options = {.ring_size = strtoull(arguments[2], NULL, 0),
					  .segment_size = strtoull(arguments[3], NULL, 0),
					  .flight_recorder = strcmp(arguments[4], "flight") == 0};
	int error = mf_ring_open(&ring, arguments[1], &options);
	if (error) {
		fprintf(stderr, "%s: %s\n", arguments[1], strerror(-error));
		return 1;
	}
	stage.ring = &ring;
	stage.path = arguments[1];
	stage.first = strtoull(arguments[6], NULL, 0);
	stage.second = strtoull(arguments[7], NULL, 0);
	for (unsigned i = 0; i < 16; i++)
		stage.writers[i] = (struct writer){.ring = &ring, .number = i};
	return run(arguments[5]);
}

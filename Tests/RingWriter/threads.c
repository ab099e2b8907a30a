/* Many writers at once, and writers that die. */
#include "writer.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t per_thread;

static void *write_share(void *writer)
{
	writer_write_many(writer, per_thread);
	return NULL;
}

static void *write_and_tell(void *argument)
{
	struct writer *writer = argument;

	for (;;) {
		writer_write(writer);
		uint64_t done[2] = {writer->number, writer->next};
		if (write(STDOUT_FILENO, done, sizeof done) != sizeof done)
			return NULL;
	}
}

static void run_all(struct stage *stage, void *(*body)(void *))
{
	pthread_t threads[16];

	for (uint64_t i = 0; i < stage->first; i++)
		pthread_create(&threads[i], NULL, body, &stage->writers[i]);
	for (uint64_t i = 0; i < stage->first; i++)
		pthread_join(threads[i], NULL);
}

/* FIRST threads, SECOND records each. */
void scenario_threads(struct stage *stage)
{
	per_thread = stage->second;
	run_all(stage, write_share);
}

/* FIRST threads, 20,000 records each; no file may grow beyond SECOND bytes. */
void scenario_limited_threads(struct stage *stage)
{
	struct rlimit limit = {.rlim_cur = stage->second, .rlim_max = stage->second};

	setrlimit(RLIMIT_FSIZE, &limit);
	per_thread = 20000;
	run_all(stage, write_share);
	stage->leave_open = true;
}

/* FIRST threads tell on stdout (writer, records finished) after each record, until they are killed. */
void scenario_killed(struct stage *stage)
{
	run_all(stage, write_and_tell);
}

/* FIRST definitions by writer 1 among SECOND records by writer 0. */
void scenario_define(struct stage *stage)
{
	for (uint64_t i = 0; i < stage->second; i++) {
		writer_write(&stage->writers[0]);
		if (stage->writers[1].next < stage->first * i / stage->second)
			writer_define(&stage->writers[1]);
	}
	while (stage->writers[1].next < stage->first)
		writer_define(&stage->writers[1]);
}

/* FIRST records before the end of the log, SECOND after it. */
void scenario_late(struct stage *stage)
{
	writer_write_many(&stage->writers[0], stage->first);
	mf_ring_finish(stage->ring);
	writer_write_many(&stage->writers[0], stage->second);
	stage->leave_open = true;
}

/* The same, but the end is taken back, twice. */
void scenario_resumed(struct stage *stage)
{
	for (int i = 0; i < 2; i++) {
		writer_write_many(&stage->writers[0], stage->first);
		mf_ring_finish(stage->ring);
		mf_ring_resume(stage->ring);
	}
	writer_write_many(&stage->writers[0], stage->second);
	stage->leave_open = true;
}

/* Programs that take from the log what it needs: space, descriptors, the file itself. */
#define _GNU_SOURCE
#include "writer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* FIRST records; no file may grow beyond SECOND bytes, and SIGXFSZ has its default action. */
void scenario_limited(struct stage *stage)
{
	struct rlimit limit = {.rlim_cur = stage->second, .rlim_max = stage->second};

	setrlimit(RLIMIT_FSIZE, &limit);
	writer_write_many(&stage->writers[0], stage->first);
	stage->leave_open = true;
}

/* FIRST records, on a disk that is too small. */
void scenario_full(struct stage *stage)
{
	writer_write_many(&stage->writers[0], stage->first);
	stage->leave_open = true;
}

static void take_descriptor(const char *path, int number)
{
	close_range(3, UINT_MAX, 0);
	int own = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(own, number);
	if (write(number, "the program's own", 17) != 17)
		_exit(1);
}

/* SECOND times: FIRST records, then the program takes the log's descriptor for a file of its own. */
void scenario_closing(struct stage *stage)
{
	char own[4096];

	for (uint64_t i = 0; i < stage->second; i++) {
		writer_write_many(&stage->writers[0], stage->first);
		snprintf(own, sizeof own, "%s.own%d", stage->path, (int)i);
		take_descriptor(own, stage->ring->descriptor);
	}
	stage->leave_open = true;
}

/* FIRST records, then the descriptor is taken and another file stands in the log's place, then SECOND more.
 */
void scenario_gone(struct stage *stage)
{
	char moved[4096];

	writer_write_many(&stage->writers[0], stage->first);
	snprintf(moved, sizeof moved, "%s.moved", stage->path);
	rename(stage->path, moved);
	take_descriptor(stage->path, stage->ring->descriptor);
	writer_write_many(&stage->writers[0], stage->second);
	stage->leave_open = true;
}

/* FIRST records, then a child gets its own log over the parent's, and both write SECOND. */
void scenario_forked(struct stage *stage)
{
	char path[4096];
	int status = 0;

	writer_write_many(&stage->writers[0], stage->first);
	snprintf(path, sizeof path, "%s.child", stage->path);
	pid_t child = fork();
	if (child == 0) {
		struct mf_ring_options options = {.ring_size = stage->ring->ring_size,
						  .segment_size = stage->ring->segment_size,
						  .place = stage->ring->header};
		mf_ring_abandon(stage->ring);
		int error = mf_ring_open(stage->ring, path, &options);
		writer_write_many(&stage->writers[1], stage->second);
		_exit(error != 0);
	}
	writer_write_many(&stage->writers[0], stage->second);
	waitpid(child, &status, 0);
	stage->writers[2].next = (uint64_t)status;
}

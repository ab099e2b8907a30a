/* Records whose whole content follows from their writer and number, so that a reader can judge every byte. */
#ifndef RING_WRITER_H
#define RING_WRITER_H

#include "trace_ring.h"

#include <stdbool.h>
#include <stdint.h>

struct writer {
	struct mf_ring *ring;
	uint64_t number;
	uint64_t next;	  /* sequence number of its next record */
	uint64_t written; /* as the ring answered */
	uint64_t lost;
	uint64_t errno_changed;
};

/* Writes the writer's next record. */
void writer_write(struct writer *writer);
/* The same as a definition. */
void writer_define(struct writer *writer);
void writer_write_many(struct writer *writer, uint64_t count);

/* What a scenario gets to work with. */
struct stage {
	struct mf_ring *ring;
	const char *path;
	uint64_t first; /* numbers from the command line */
	uint64_t second;
	bool leave_open; /* the scenario ends the log itself */
	struct writer writers[16];
};

void scenario_threads(struct stage *stage);
void scenario_define(struct stage *stage);
void scenario_killed(struct stage *stage);
void scenario_handlers(struct stage *stage);
void scenario_jumping(struct stage *stage);
void scenario_limited(struct stage *stage);
void scenario_limited_threads(struct stage *stage);
void scenario_full(struct stage *stage);
void scenario_closing(struct stage *stage);
void scenario_gone(struct stage *stage);
void scenario_forked(struct stage *stage);
void scenario_late(struct stage *stage);
void scenario_resumed(struct stage *stage);

#endif

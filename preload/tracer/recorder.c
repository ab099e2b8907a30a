#include "recorder.h"

static uint64_t list_begin; /* position of the newest list */
static uint64_t list_size;  /* its bytes */

uint64_t recorder_head(void)
{
	return __atomic_load_n(&tracer.ring.header->head, __ATOMIC_RELAXED);
}

void recorder_note_list(uint64_t begin)
{
	uint64_t end = recorder_head();
	__atomic_store_n(&list_begin, begin, __ATOMIC_RELAXED);
	__atomic_store_n(&list_size, end - begin, __ATOMIC_RELAXED);
	__atomic_store_n(&tracer.last_anchor, end, __ATOMIC_RELAXED);
}

/* A newest list that is half overwritten already is of no use to anybody. The next one may be a bit larger.
 */
bool recorder_has_room_for_list(void)
{
	uint64_t since = recorder_head() - __atomic_load_n(&list_begin, __ATOMIC_RELAXED);
	uint64_t size = __atomic_load_n(&list_size, __ATOMIC_RELAXED);
	return !tracer.flight_recorder || since > tracer.ring.ring_size ||
	       since + size + size / 8 <= tracer.ring.ring_size;
}

/* Two lists and what lies between them must fit into the ring. */
uint64_t recorder_anchor_distance(void)
{
	uint64_t half = tracer.ring.ring_size / 2, size = __atomic_load_n(&list_size, __ATOMIC_RELAXED);
	return half > size + half / 4 ? half - size : half / 4;
}

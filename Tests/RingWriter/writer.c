/* What a record of a test holds: its writer, its number, and words that follow from both. */
#include "writer.h"

#include <errno.h>

struct test_record {
	struct mf_record record;
	uint64_t writer;
	uint64_t sequence;
	uint64_t words[(MF_RECORD_SIZE_MAX - 24) / 8];
};

static uint64_t word_count(uint64_t sequence)
{
	return sequence % 997 == 996 ? (MF_RECORD_SIZE_MAX - 24) / 8 : sequence * 7919 % 23;
}

static void make(struct test_record *record, const struct writer *writer, uint8_t kind)
{
	uint64_t count = word_count(writer->next);

	record->record = (struct mf_record){.size = (uint16_t)(24 + 8 * count), .kind = kind, .detail = 7};
	record->writer = writer->number;
	record->sequence = writer->next;
	for (uint64_t i = 0; i < count; i++)
		record->words[i] = writer->number * 1000003 + writer->next * 31 + i;
}

static void count(struct writer *writer, bool written)
{
	if (written)
		writer->written++;
	else
		writer->lost++;
	if (errno != 4242)
		writer->errno_changed++;
}

void writer_write(struct writer *writer)
{
	struct test_record record;

	make(&record, writer, MF_CALL);
	writer->next++;
	errno = 4242;
	count(writer, mf_ring_write(writer->ring, &record.record));
}

void writer_define(struct writer *writer)
{
	struct test_record record;

	make(&record, writer, MF_STACK);
	writer->next++;
	errno = 4242;
	count(writer, mf_ring_define(writer->ring, &record.record));
}

void writer_write_many(struct writer *writer, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		writer_write(writer);
}

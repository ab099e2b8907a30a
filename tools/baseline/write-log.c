/*
 * Writes the log that a process would leave which keeps a given number of VMAs alive while it makes a given
 * number of calls, as tools/workloads/many-vmas.c does, but without the kernel: so the count may lie above
 * vm.max_map_count. The snapshot at its end is the kernel's answer as it must be. USE: write-log FILE LIVE
 * CALLS [SEED]
 */
#include "trace_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, SEGMENT = 1 << 20, SEGMENTS = 4, STACKS = 256, FRAMES = 16, PAGES = 3 };

static const uint64_t AREA = 0x700000000000;
static FILE *file;
static uint64_t position, now = 1000000000, state;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void put(const void *bytes, size_t size)
{
	if (fwrite(bytes, size, 1, file) != 1)
		fail("write-log");
	position += size;
}

/* A record never crosses the end of a segment. */
static void write_record(void *bytes, size_t size, uint8_t kind, uint8_t detail)
{
	static const char zeros[MF_RECORD_SIZE_MAX];
	struct mf_record *record = bytes;
	uint64_t left = SEGMENT - position % SEGMENT;
	if (left < size)
		put(zeros, left);
	*record = (struct mf_record){.size = (uint16_t)size, .kind = kind, .detail = detail};
	record->check = mf_record_check(position, record);
	put(record, size);
}

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void call(enum mf_call_number number, uint64_t result, int count, const uint64_t *arguments)
{
	uint64_t words[sizeof(struct mf_call) / 8 + 6];
	struct mf_call *record = (struct mf_call *)words;
	*record = (struct mf_call){
	    .begin = now,
	    .end = now + 900,
	    .stack = 1 + next_random() % STACKS,
	    .thread = 1,
	    .argument_count = (uint8_t)count,
	    .flags = MF_CALL_BY_STUB,
	    .result = result,
	};
	memcpy(record->arguments, arguments, 8 * (size_t)count);
	now += 1000;
	write_record(words, sizeof *record + 8 * (size_t)count, MF_CALL, number);
}

static void map(uint64_t start, uint64_t pages, int rights)
{
	uint64_t how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	call(MF_CALL_MMAP, start, 6, (uint64_t[]){start, pages * PAGE, (uint64_t)rights, how, UINT64_MAX, 0});
}

static void unmap(uint64_t start, uint64_t pages)
{
	call(MF_CALL_MUNMAP, 0, 2, (uint64_t[]){start, pages * PAGE});
}

static void protect(uint64_t start, uint64_t pages, int rights)
{
	call(MF_CALL_MPROTECT, 0, 3, (uint64_t[]){start, pages * PAGE, (uint64_t)rights});
}

static uint64_t place(uint64_t index)
{
	return AREA + index * (PAGES + 1) * PAGE;
}

/* Two calls that leave the map as it was. */
static void change(uint64_t start)
{
	switch (next_random() % 4) {
	case 0:
		unmap(start, PAGES);
		map(start, PAGES, PROT_READ | PROT_WRITE);
		break;
	case 1:
		map(start + PAGES * PAGE, 1, PROT_READ);
		unmap(start + PAGES * PAGE, 1);
		break;
	default:
		protect(start + PAGE, 1, PROT_READ);
		protect(start + PAGE, 1, PROT_READ | PROT_WRITE);
	}
}

static void describe(void)
{
	static const char strings[] = "6.18.44\0x86_64\0"
				      "2.36\0/bin/many\0/\0many";
	uint64_t words[(sizeof(struct mf_process) + sizeof strings) / 8 + 1] = {0};
	struct mf_process *record = (struct mf_process *)words;
	record->parent_log_position = MF_UNKNOWN;
	record->argument_count = 1;
	record->strings_size = sizeof strings;
	memcpy(record->strings, strings, sizeof strings);
	write_record(words, sizeof words / 8 * 8, MF_PROCESS, 0);
	struct mf_own_ranges ranges = {.time = now};
	write_record(&ranges, sizeof ranges, MF_OWN_RANGES, 0);
}

static void define_stacks(void)
{
	for (uint64_t key = 1; key <= STACKS; key++) {
		uint64_t words[sizeof(struct mf_stack) / 8 + FRAMES];
		struct mf_stack *record = (struct mf_stack *)words;
		*record = (struct mf_stack){.key = key, .count = FRAMES};
		for (uint64_t i = 0; i < FRAMES; i++)
			record->addresses[i] = 0x400000 + key * 64 + i * 4096;
		write_record(words, sizeof words, MF_STACK, 0);
	}
}

static void list(uint64_t snapshot, uint64_t first, uint64_t count)
{
	uint64_t
	    words[(sizeof(struct mf_snapshot_vmas) + MF_SNAPSHOT_VMAS_MAX * sizeof(struct mf_snapshot_vma)) /
		  8];
	struct mf_snapshot_vmas *record = (struct mf_snapshot_vmas *)words;
	record->snapshot = snapshot;
	record->count = count;
	for (uint64_t i = 0; i < count; i++)
		record->vmas[i] = (struct mf_snapshot_vma){
		    .start = place(first + i),
		    .end = place(first + i) + PAGES * PAGE,
		    .flags = MF_VMA_READ | MF_VMA_WRITE,
		};
	write_record(words, sizeof *record + count * sizeof(struct mf_snapshot_vma), MF_SNAPSHOT_VMAS, 0);
}

static void snapshot(uint64_t number, enum mf_snapshot_reason reason, uint64_t vmas)
{
	struct mf_snapshot_begin begin = {.snapshot = number, .time = now, .thread = 1};
	write_record(&begin, sizeof begin, MF_SNAPSHOT_BEGIN, reason);
	for (uint64_t first = 0; first < vmas; first += MF_SNAPSHOT_VMAS_MAX)
		list(number, first,
		     vmas - first < MF_SNAPSHOT_VMAS_MAX ? vmas - first : MF_SNAPSHOT_VMAS_MAX);
	struct mf_snapshot_end end = {.snapshot = number, .time = now + 500, .count = vmas};
	write_record(&end, sizeof end, MF_SNAPSHOT_END, 0);
	now += 1000;
}

static void finish(void)
{
	struct mf_process_end end = {.time = now};
	write_record(&end, sizeof end, MF_PROCESS_END, 1);
	struct mf_header header = {
	    .identity =
		{
		    .magic = MF_MAGIC,
		    .version = MF_VERSION,
		    .header_size = MF_HEADER_SIZE,
		    .byte_order = MF_BYTE_ORDER,
		    .page_size = PAGE,
		    .ring_offset = MF_HEADER_SIZE,
		    .ring_size = SEGMENT * SEGMENTS,
		    .segment_size = SEGMENT,
		    .segment_count = SEGMENTS,
		    .spill_offset = MF_HEADER_SIZE + SEGMENT * SEGMENTS,
		    .start_time = 1000000000,
		    .process = 1,
		},
	    .head = position,
	    .state = MF_STATE_EXITED,
	};
	header.identity_check = mf_identity_check(&header.identity);
	/* All is spilled: each slot waits for its first segment that is still to come. */
	for (uint64_t slot = 0, current = position / SEGMENT; slot < SEGMENTS; slot++)
		header.laps[slot] = current < slot ? 0 : (current - slot) / SEGMENTS + 1;
	if (fseek(file, 0, SEEK_SET) != 0 || fwrite(&header, sizeof header, 1, file) != 1 ||
	    fclose(file) != 0)
		fail("write-log");
}

int main(int count, char **arguments)
{
	if (count < 4) {
		fprintf(stderr, "use: write-log FILE LIVE CALLS [SEED]\n");
		return 64;
	}
	uint64_t live = strtoull(arguments[2], NULL, 0), calls = strtoull(arguments[3], NULL, 0);
	state = count > 4 ? strtoull(arguments[4], NULL, 0) | 1 : 88172645463325252ULL;
	file = fopen(arguments[1], "wbx");
	if (!file || fseek(file, MF_HEADER_SIZE + SEGMENT * SEGMENTS, SEEK_SET) != 0)
		fail(arguments[1]);
	describe();
	define_stacks();
	snapshot(1, MF_SNAPSHOT_START, 0);
	for (uint64_t i = 0; i < live; i++)
		map(place(i), PAGES, PROT_READ | PROT_WRITE);
	for (uint64_t made = live; made + 2 <= calls; made += 2)
		change(place(next_random() % live));
	snapshot(2, MF_SNAPSHOT_EXIT, live);
	finish();
	return 0;
}

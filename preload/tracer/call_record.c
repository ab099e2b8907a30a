#define _GNU_SOURCE
#include "call_record.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "doubt.h"
#include "indirect.h"
#include "observe.h"
#include "scratch.h"
#include "turns.h"
#include "userfault.h"

/* VMAs asked for behind the first that a record on the program's stack holds; more take a scratch buffer. */
enum { FURTHER_ON_STACK = 6 };

/* What is still to be asked about a call: the VMAs from `at` on in the middle of what it worked on. */
struct inquiry {
	struct doubt doubt;
	uint64_t at;
	uint16_t size; /* of the record with the first answer */
};

/* Asks further and appends the answers to the record, at most so many. Does not enter libc. */
static void observe_further(struct inquiry *inquiry, struct mf_call *record, size_t most)
{
	struct mf_range *ranges = (struct mf_range *)((char *)record + record->record.size);
	struct mf_observation next;
	size_t count = 0;
	while (inquiry->at < inquiry->doubt.end && count < most && doubt_affords(&inquiry->doubt) &&
	       observe_range(inquiry->at, &next)) {
		inquiry->at = next.end;
		if (next.start < inquiry->doubt.end)
			ranges[count++] = (struct mf_range){next.start, next.end};
	}
	record->record.size += (uint16_t)(count * sizeof *ranges);
}

static bool observe_file(const struct call *call, const struct doubt *doubt,
			 struct mf_observation *observation)
{
	const uint64_t *arguments = call->arguments;
	bool has_file = call->number == SYS_mmap && !(arguments[3] & MAP_ANONYMOUS);
	bool is_shared = (arguments[3] & MAP_TYPE) != MAP_PRIVATE;
	if (!observe_vma(doubt->start, observation)) {
		if (!has_file || !observe_descriptor((int)arguments[4], observation))
			return false;
		observation->rights = (arguments[2] & 7) | (is_shared ? MF_VMA_SHARED : 0);
	}
	/* What may be written by its rights was opened for that. */
	if (has_file && is_shared && !(arguments[2] & PROT_WRITE))
		observation->rights |= observe_access((int)arguments[4]);
	return true;
}

static bool observe(const struct call *call, const struct doubt *doubt, struct mf_observation *observation)
{
	if (doubt->names_file)
		return observe_file(call, doubt, observation);
	return observe_range(doubt->start, observation) &&
	       (observation->start < doubt->end || doubt->may_be_gone);
}

/* Appends what the kernel says of the map after the call, as much as the stack has room for; false if that
 * was not all. Does not enter libc. */
static bool append_observations(struct mf_call *record, const struct call *call, long result,
				struct inquiry *inquiry)
{
	enum mf_call_number kind = (enum mf_call_number)record->record.detail;
	struct mf_observation *first = (struct mf_observation *)&record->arguments[record->argument_count];
	inquiry->size = record->record.size;
	if (call->caught & MF_CALL_IN_TRACER || !doubt_of(call, kind, result, &inquiry->doubt) ||
	    !observe(call, &inquiry->doubt, first))
		return true;
	doubt_learn(&inquiry->doubt, first);
	record->flags |= MF_CALL_HAS_OBSERVATION;
	inquiry->size = record->record.size += (uint16_t)sizeof *first;
	inquiry->at = inquiry->doubt.further ? inquiry->doubt.further : first->end;
	observe_further(inquiry, record, FURTHER_ON_STACK);
	return inquiry->at >= inquiry->doubt.end;
}

/* Behind what was asked further, until when that was, if other threads' calls may show in it. */
static void tell_time(const struct inquiry *inquiry, struct mf_call *record)
{
	if (record->record.size == inquiry->size || turn_is_alone())
		return;
	uint64_t now = tracer_now();
	*(struct mf_range *)((char *)record + record->record.size) = (struct mf_range){now, now};
	record->record.size += (uint16_t)sizeof(struct mf_range);
}

/* Goes on asking in a copy of the record that has room. False: there was none. Does not enter libc. */
static bool write_longer(const struct mf_call *record, struct inquiry *inquiry)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return false;
	struct mf_call *longer = (struct mf_call *)scratch->bytes;
	__builtin_memcpy(longer, record, record->record.size);
	observe_further(inquiry, longer,
			(MF_RECORD_SIZE_MAX - record->record.size) / sizeof(struct mf_range) - 1);
	tell_time(inquiry, longer);
	mf_ring_write(&tracer.ring, &longer->record);
	scratch_give(scratch);
	return true;
}

static bool is_to_be_written(const struct made_call *made)
{
	return !made->claim || made->claim(made->flight);
}

void call_write(const struct made_call *made)
{
	const struct call *call = made->call;
	uint64_t words[(sizeof(struct mf_call) + sizeof(struct mf_observation) +
			(FURTHER_ON_STACK + 1) * sizeof(struct mf_range)) /
			   8 +
		       6];
	struct mf_call *record = (struct mf_call *)words;
	uint8_t count = call_argument_count(made->kind);
	*record = (struct mf_call){.record = {.kind = MF_CALL,
					      .detail = (uint8_t)made->kind,
					      .size = (uint16_t)(sizeof *record + 8u * count)},
				   .begin = made->begin,
				   .end = made->end,
				   .stack = made->stack,
				   .thread = tracer_thread(),
				   .error = call_failed(made->result) ? (uint16_t)-made->result : 0,
				   .argument_count = count,
				   .flags = call->caught,
				   .result = (uint64_t)made->result};
	for (uint8_t i = 0; i < count; i++)
		record->arguments[i] = call->arguments[i];
	struct inquiry inquiry = {.doubt = {.site = made->stack, .now = made->end}};
	bool is_whole = append_observations(record, call, made->result, &inquiry);
	if (!is_to_be_written(made))
		return;
	if (is_whole || !write_longer(record, &inquiry)) {
		tell_time(&inquiry, record);
		mf_ring_write(&tracer.ring, &record->record);
	}
	if (inquiry.doubt.is_paid_for || record->record.size > inquiry.size)
		doubt_pay(&inquiry.doubt);
	tracer.position = __atomic_load_n(&tracer.ring.header->head, __ATOMIC_RELAXED);
}

static void write_each_part(const struct made_call *made)
{
	struct call part;
	struct made_call made_part = *made;
	made_part.call = &part;
	made_part.claim = NULL;
	for (size_t i = 0; indirect_part(made->call, made->kind, i, &part, &made_part.result); i++) {
		call_write(&made_part);
		if (made->kind != MF_CALL_PROCESS_MADVISE && !call_failed(made->result))
			userfault_note(made->kind, part.arguments);
		made_part.result = made->result;
	}
}

void call_write_parts(const struct made_call *made)
{
	if (__builtin_expect(!indirect_is(made->kind), 1))
		call_write(made);
	else if (is_to_be_written(made))
		write_each_part(made);
}

void call_write_own(const struct call *call, long result, uint64_t begin, uint64_t end)
{
	call_write(&(struct made_call){.call = call,
				       .kind = call_kind(call->number, call->arguments),
				       .result = result,
				       .begin = begin,
				       .end = end});
}

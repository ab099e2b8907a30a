#include "definitions.h"

#include "defined.h"
#include "scratch.h"
#include "text.h"

/* Appends `size` bytes and zeros up to a multiple of 8; returns the record's whole size. */
static uint16_t append(void *record, size_t fixed_size, const void *bytes, size_t size)
{
	char *tail = (char *)record + fixed_size;
	size_t padded = (size + 7) & ~(size_t)7;
	__builtin_memcpy(tail, bytes, size);
	__builtin_memset(tail + size, 0, padded - size);
	return (uint16_t)(fixed_size + padded);
}

static size_t at_most(size_t size, size_t fixed_size)
{
	return size < MF_RECORD_SIZE_MAX - fixed_size - 8 ? size : MF_RECORD_SIZE_MAX - fixed_size - 8;
}

uint64_t define_file(uint64_t device, uint64_t inode, const char *path, size_t path_size)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return 0;
	struct mf_file *file = (struct mf_file *)scratch->bytes;
	*file = (struct mf_file){.record.kind = MF_FILE, .device = device, .inode = inode};
	file->path_size = at_most(path_size, sizeof *file);
	file->record.size = append(file, sizeof *file, path, file->path_size);
	uint64_t key = mf_mix(0x66696C65, &file->device, (file->record.size - 16u) / 8u);
	file->key = key;
	if (!defined_has(key) && mf_ring_define(&tracer.ring, &file->record))
		defined_add(key);
	scratch_give(scratch);
	return key;
}

void define_rules(const char *text)
{
	struct scratch *scratch = text_length(text) ? scratch_take() : NULL;
	if (!scratch)
		return;
	struct mf_rules *rules = (struct mf_rules *)scratch->bytes;
	*rules = (struct mf_rules){.record.kind = MF_RULES,
				   .text_size = at_most(text_length(text), sizeof *rules)};
	rules->record.size = append(rules, sizeof *rules, text, rules->text_size);
	mf_ring_define(&tracer.ring, &rules->record);
	scratch_give(scratch);
}

void define_note(enum mf_note_code code, const char *text)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return;
	struct mf_note *note = (struct mf_note *)scratch->bytes;
	*note =
	    (struct mf_note){.record.kind = MF_NOTE, .record.detail = (uint8_t)code, .time = tracer_now()};
	note->text_size = at_most(text_length(text), sizeof *note);
	note->record.size = append(note, sizeof *note, text, note->text_size);
	mf_ring_define(&tracer.ring, &note->record);
	scratch_give(scratch);
}

/* What is called from a function that stands in for libc's (fork's handlers, say) has that one among its
 * callers.
 */
static size_t drop_own(uint64_t *addresses, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t address = addresses[i] & ~MF_UNWIND_INTERRUPTED;
		if (address < (uint64_t)__ehdr_start || address >= (uint64_t)_end)
			addresses[kept++] = addresses[i];
	}
	return kept;
}

/* Tells the interrupted frames apart behind the addresses; returns the number of words behind the record's
 * fixed part. */
static size_t append_interrupted(struct mf_stack *stack)
{
	size_t count = stack->count, words = (count + 63) / 64;
	uint64_t *interrupted = stack->addresses + count, any = 0;
	for (size_t i = 0; i < words; i++)
		interrupted[i] = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t is_interrupted = stack->addresses[i] >> 63;
		stack->addresses[i] &= ~MF_UNWIND_INTERRUPTED;
		interrupted[i / 64] |= is_interrupted << i % 64;
		any |= is_interrupted;
	}
	return any ? count + words : count;
}

/* Writes the backtrace down under its key, unless it stands in the log. Returns whether it did stand there.
 */
static bool define_backtrace(struct mf_stack *stack, uint64_t key, size_t count, bool cut)
{
	if (defined_has(key))
		return true;
	stack->key = key;
	stack->count = drop_own(stack->addresses, count);
	size_t words = append_interrupted(stack);
	define_modules_of(stack->addresses, stack->count);
	stack->record = (struct mf_record){.kind = MF_STACK,
					   .detail = cut ? MF_STACK_CUT : 0,
					   .size = (uint16_t)(sizeof *stack + 8 * words)};
	if (mf_ring_define(&tracer.ring, &stack->record))
		defined_add(key);
	return false;
}

/* A buffer for a walk: its trail, and the record. */
struct walk {
	struct mf_trail trail;
	struct mf_stack stack;
};
_Static_assert(sizeof(struct walk) + (MF_STACK_DEPTH_MAX + MF_STACK_DEPTH_MAX / 64) * sizeof(uint64_t) <=
		   sizeof(struct scratch),
	       "a walk fits into a buffer");

/* The second time that a backtrace is met it is worth remembering: most are met once. */
static uint64_t walk(const struct mf_registers *registers, uint64_t epoch, struct walk *walk)
{
	bool cut = false;
	size_t count = mf_unwind_noting(registers, walk->stack.addresses, tracer.depth, &cut, &walk->trail);
	uint64_t key = count ? mf_mix(cut, walk->stack.addresses, count) : 0;
	if (key && define_backtrace(&walk->stack, key, count, cut))
		mf_unwind_keep(registers, &walk->trail, epoch, key);
	return key;
}

uint64_t define_stack(const struct mf_registers *registers)
{
	uint64_t epoch = __atomic_load_n(&tracer.salt, __ATOMIC_RELAXED);
	uint64_t key = mf_unwind_recall(registers, epoch);
	struct scratch *scratch = key ? NULL : scratch_take();
	if (!scratch)
		return key;
	key = walk(registers, epoch, (struct walk *)scratch->bytes);
	scratch_give(scratch);
	return key;
}

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

uint64_t define_stack(const struct mf_registers *registers)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return 0;
	struct mf_stack *stack = (struct mf_stack *)scratch->bytes;
	bool cut = false;
	size_t count = mf_unwind(registers, stack->addresses, tracer.depth, &cut);
	uint64_t key = count ? mf_mix(cut, stack->addresses, count) : 0;
	if (key && !defined_has(key)) {
		for (size_t i = 0; i < count; i++)
			define_module_of(stack->addresses[i] - 1);
		stack->record = (struct mf_record){.kind = MF_STACK,
						   .detail = cut ? MF_STACK_CUT : 0,
						   .size = (uint16_t)(sizeof *stack + 8 * count)};
		stack->key = key;
		stack->count = count;
		if (mf_ring_define(&tracer.ring, &stack->record))
			defined_add(key);
	}
	scratch_give(scratch);
	return key;
}

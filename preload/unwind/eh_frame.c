/*
 * .eh_frame_hdr and .eh_frame: Linux Standard Base Core, chapter 10.6. The search table is read in the one
 * form that linkers write (sorted, 32-bit, relative to the header).
 */
#include "eh_frame.h"

#include <stddef.h>

#include "arch.h"

struct search_entry {
	int32_t code, fde;
};

struct search_table {
	const uint8_t *header;
	const struct search_entry *entries;
	uint64_t count;
};

static bool within(const struct mf_module *module, uint64_t start, uint64_t size)
{
	return start >= module->start && start < module->end && size <= module->end - start;
}

static bool open_table(const struct mf_module *module, struct search_table *table)
{
	const uint8_t *header = module->eh_frame_hdr;
	struct mf_reader reader;

	if (!header || !within(module, (uint64_t)header, 12))
		return false;
	/* version 1, any pointer to .eh_frame, udata4 count, sdata4 | datarel entries */
	if (header[0] != 1 || header[2] != 0x03 || header[3] != 0x3b)
		return false;
	reader = (struct mf_reader){.at = header + 4, .end = (const uint8_t *)module->end};
	mf_read_pointer(&reader, header[1] & (MF_PE_FORMAT | MF_PE_BASE), (uint64_t)header);
	table->count = mf_read_unsigned(&reader, 4);
	table->header = header;
	table->entries = (const struct search_entry *)reader.at;
	return !reader.failed && table->count > 0 &&
	       within(module, (uint64_t)reader.at, table->count * sizeof(struct search_entry));
}

const uint8_t *mf_fde_find(uint64_t address, const struct mf_module *module)
{
	struct search_table table;
	int64_t code;

	if (!open_table(module, &table))
		return NULL;
	code = (int64_t)(address - (uint64_t)table.header);
	if (code < table.entries[0].code)
		return NULL;
	while (table.count > 1) {
		uint64_t half = table.count / 2;

		if (code >= table.entries[half].code)
			table.entries += half;
		table.count -= half;
	}
	return table.header + table.entries[0].fde;
}

/* A CIE or an FDE: its body, without the length. */
static bool open_entry(const uint8_t *place, const struct mf_module *module, struct mf_reader *body)
{
	struct mf_reader reader = {.at = place, .end = (const uint8_t *)module->end};
	uint64_t length;

	if (!within(module, (uint64_t)place, 8))
		return false;
	length = mf_read_unsigned(&reader, 4);
	if (length == 0xffffffff)
		length = mf_read_unsigned(&reader, 8);
	*body = mf_read_block(&reader, length);
	return !reader.failed && length > 0;
}

/* The augmentation data of a CIE, as its string names them. An unknown letter makes the rest unreadable. */
static bool parse_augmentation(const char *letters, struct mf_reader *data, struct mf_fde *fde)
{
	for (; *letters; letters++)
		switch (*letters) {
		case 'R':
			fde->pointer_encoding = mf_read_byte(data);
			break;
		case 'P': {
			uint8_t encoding = mf_read_byte(data);

			mf_read_pointer(data, encoding & (MF_PE_FORMAT | MF_PE_BASE), 0);
			break;
		}
		case 'L':
			mf_skip(data, 1);
			break;
		case 'S':
			fde->signal_frame = true;
			break;
		case 'B': /* aarch64: return addresses signed with the B key */
			break;
		default:
			return false;
		}
	return !data->failed;
}

static void skip_string(struct mf_reader *reader)
{
	while (!reader->failed && mf_read_byte(reader))
		;
}

static bool parse_cie(const uint8_t *place, const struct mf_module *module, struct mf_fde *fde)
{
	struct mf_reader body;
	const char *letters;
	uint8_t version;
	uint64_t return_column;

	if (!open_entry(place, module, &body) || mf_read_unsigned(&body, 4) != 0)
		return false;
	version = mf_read_byte(&body);
	letters = (const char *)body.at;
	skip_string(&body);
	if (body.failed || (version != 1 && version != 3))
		return false;
	fde->code_align = mf_read_uleb(&body);
	fde->data_align = mf_read_sleb(&body);
	return_column = version == 1 ? mf_read_byte(&body) : mf_read_uleb(&body);
	fde->pointer_encoding = 0;
	fde->signal_frame = false;
	fde->augmented = letters[0] == 'z';
	if (fde->augmented) {
		struct mf_reader data = mf_read_block(&body, mf_read_uleb(&body));

		if (!parse_augmentation(letters + 1, &data, fde))
			return false;
	} else if (letters[0]) {
		return false;
	}
	fde->initial = body;
	return !body.failed && return_column == MF_ARCH_PC;
}

bool mf_fde_parse(const uint8_t *place, const struct mf_module *module, struct mf_fde *fde)
{
	struct mf_reader body;
	const uint8_t *cie;
	uint32_t back;

	if (!open_entry(place, module, &body))
		return false;
	cie = body.at;
	back = (uint32_t)mf_read_unsigned(&body, 4);
	if (back == 0 || !parse_cie(cie - back, module, fde))
		return false;
	fde->place = place;
	fde->start = mf_read_pointer(&body, fde->pointer_encoding, 0);
	fde->end = fde->start + mf_read_pointer(&body, fde->pointer_encoding & MF_PE_FORMAT, 0);
	if (fde->augmented)
		mf_skip(&body, mf_read_uleb(&body));
	fde->program = body;
	return !body.failed;
}

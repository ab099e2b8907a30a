/*
 * The frame descriptions of a file that is not loaded, or not whole yet: what lies where is read piece by
 * piece. Only what linkers write for shared libraries is understood: a table as in eh_frame.c, and
 * descriptions that tell their code relative to themselves.
 */
#include "unwind.h"

#include "eh_frame.h"
#include "reader.h"

enum {
	HEADER_SIZE = 12,
	PIECE_SIZE = 128, /* of a description, of which the first bytes tell what is asked */
	TABLE_RELATIVE = 0x3b,
	PLACE_RELATIVE = 0x1b,
	PLAIN = 0x03,
};

/* Of the search table, relative to where it begins. */
struct entry {
	int32_t code, description;
};

/* Two entries next to each other, as the parser expects them, and where the second is in the file. */
struct pieces {
	uint8_t common[PIECE_SIZE], own[PIECE_SIZE];
	uint64_t address;
};

static bool read_whole(const struct mf_unloaded *file, uint64_t address, void *bytes, size_t size)
{
	return file->read(file, address, bytes, size) == size;
}

static bool read_entry(const struct mf_unloaded *file, uint64_t index, struct entry *entry)
{
	return read_whole(file, file->eh_frame_hdr + HEADER_SIZE + index * sizeof *entry, entry,
			  sizeof *entry);
}

/* How many entries the table has; 0: it is another kind of table. */
static uint32_t entry_count(const struct mf_unloaded *file)
{
	uint8_t header[HEADER_SIZE];
	uint32_t count;
	if (!file->eh_frame_hdr || !read_whole(file, file->eh_frame_hdr, header, sizeof header) ||
	    header[0] != 1 || header[1] != PLACE_RELATIVE || header[2] != PLAIN ||
	    header[3] != TABLE_RELATIVE)
		return 0;
	__builtin_memcpy(&count, header + 8, sizeof count);
	return count;
}

/* Where the description is that may cover the address; 0: nowhere. */
static uint64_t find_description(const struct mf_unloaded *file, uint64_t address)
{
	int64_t code = (int64_t)(address - file->eh_frame_hdr);
	uint64_t first = 0, count = entry_count(file);
	struct entry entry;
	while (count > 1) {
		uint64_t half = count / 2;
		if (!read_entry(file, first + half, &entry))
			return 0;
		if (code >= entry.code)
			first += half;
		count -= half;
	}
	if (!count || !read_entry(file, first, &entry) || code < entry.code)
		return 0;
	return file->eh_frame_hdr + (uint64_t)(int64_t)entry.description;
}

/* The beginning of an entry, made to end where the piece does. */
static bool read_piece(const struct mf_unloaded *file, uint64_t address, uint8_t piece[PIECE_SIZE])
{
	size_t size = file->read(file, address, piece, PIECE_SIZE);
	uint32_t length;
	if (size < 2 * sizeof length)
		return false;
	__builtin_memcpy(&length, piece, sizeof length);
	if (length == UINT32_MAX)
		return false;
	if (length > size - sizeof length)
		length = (uint32_t)(size - sizeof length);
	__builtin_memcpy(piece, &length, sizeof length);
	return true;
}

static bool read_pieces(const struct mf_unloaded *file, struct pieces *pieces)
{
	const uint32_t apart = PIECE_SIZE + 4;
	uint32_t back;
	if (!pieces->address || !read_piece(file, pieces->address, pieces->own))
		return false;
	__builtin_memcpy(&back, pieces->own + 4, sizeof back);
	__builtin_memcpy(pieces->own + 4, &apart, sizeof apart);
	return back && read_piece(file, pieces->address + 4 - back, pieces->common);
}

bool mf_unwind_function_in_file(const struct mf_unloaded *file, uint64_t address, uint64_t *start,
				uint64_t *end)
{
	struct pieces pieces;
	const struct mf_module module = {(uint64_t)pieces.common, (uint64_t)(pieces.own + PIECE_SIZE), NULL};
	struct mf_fde fde;
	pieces.address = find_description(file, address);
	if (!read_pieces(file, &pieces) || !mf_fde_parse(pieces.own, &module, &fde) ||
	    (fde.pointer_encoding & ~MF_PE_FORMAT) != MF_PE_PCREL)
		return false;
	uint64_t moved = pieces.address - (uint64_t)pieces.own;
	*start = fde.start + moved;
	*end = fde.end + moved;
	return address >= *start && address < *end;
}

/*
 * Instructions cannot be read backwards. But read from any byte on they soon fall into step with the true
 * ones (Kruegel et al., Static Disassembly of Obfuscated Binaries, 2004): what begins at sixteen bytes in
 * turn and then agrees on every boundary has found them.
 */
#if defined(__x86_64__)
#include "stub_window.h"

#include <emmintrin.h>

#include "instruction.h"

enum {
	JUMP_SIZE = 5,
	BREAKPOINT = 0xCC, /* what Go's linker puts between functions */
	WINDOW_MAX = JUMP_SIZE - 1 + INSTRUCTION_SIZE_MAX,
	BEGINNINGS = 16,
	VOTES_LEAST = 4, /* of those that meet no byte which begins no instruction */
	DISTANCE = 192,	 /* bytes before the place, where reading begins */
};

/* What was read: bytes before the place, and zeros behind it. */
struct reading {
	uint8_t bytes[DISTANCE + INSTRUCTION_SIZE_MAX + 1];
	size_t place;
};

/* Bit n: an instruction begins n bytes before the place. */
typedef uint32_t boundaries;

enum outcome { ARRIVED, PASSED_BY, STUMBLED };

/* The readings so far: most fall into step within a few instructions. */
struct readings {
	uint8_t through[DISTANCE]; /* which one, counted from 1, came through each byte before the window */
	enum outcome outcomes[BEGINNINGS];
};

static enum outcome read_from(const struct reading *reading, size_t first, struct readings *earlier,
			      boundaries *found)
{
	*found = 0;
	size_t at = first;
	while (at < reading->place) {
		size_t distance = reading->place - at;
		uint8_t *through = &earlier->through[at];
		if (distance > WINDOW_MAX && *through) {
			*found = UINT32_MAX; /* as that one's, which count already */
			return earlier->outcomes[*through - 1];
		}
		size_t size = instruction_at(reading->bytes + at).size;
		if (!size)
			return STUMBLED;
		*through = (uint8_t)(first + 1);
		if (distance <= WINDOW_MAX)
			*found |= 1u << distance;
		at += size;
	}
	return at == reading->place ? ARRIVED : PASSED_BY;
}

/* The boundaries on which all readings agree; false if one passes by the place, or too few arrive. */
static bool agree(const struct reading *reading, boundaries *common)
{
	struct readings readings = {0};
	unsigned votes = 0;
	*common = UINT32_MAX;
	for (size_t i = 0; i < BEGINNINGS && i < reading->place; i++) {
		boundaries found;
		enum outcome outcome = read_from(reading, i, &readings, &found);
		readings.outcomes[i] = outcome;
		if (outcome == PASSED_BY)
			return false;
		if (outcome == ARRIVED)
			*common &= found, votes++;
	}
	return votes >= VOTES_LEAST;
}

static bool can_be_copied(const struct reading *reading, size_t distance)
{
	for (size_t at = reading->place - distance; at < reading->place;) {
		struct instruction instruction = instruction_at(reading->bytes + at);
		if (!instruction.size || instruction.is_bound || reading->bytes[at] == BREAKPOINT)
			return false;
		at += instruction.size;
	}
	return true;
}

struct stub_window stub_window_before(uint64_t code, uint64_t place)
{
	struct stub_window window = {0};
	struct reading reading = {.place = place - code < DISTANCE ? place - code : DISTANCE};
	boundaries common;
	for (size_t i = 0; i < reading.place; i++)
		reading.bytes[i] = ((const uint8_t *)place - reading.place)[i];
	if (!agree(&reading, &common))
		return window;
	window.is_instruction = true;
	common &= ~0u << JUMP_SIZE;
	size_t distance = common ? (size_t)__builtin_ctz(common) : 0;
	if (distance && can_be_copied(&reading, distance))
		window.start = place - distance;
	return window;
}

/* --- branches --- */

static bool is_short_branch(uint8_t opcode)
{
	return (opcode & 0xF0) == 0x70 || (opcode & 0xFC) == 0xE0 || opcode == 0xEB;
}

static bool is_short_branch_to(uint64_t at, uint64_t target)
{
	return is_short_branch(*(const uint8_t *)at) &&
	       at + 2 + (uint64_t) * (const int8_t *)(at + 1) == target;
}

/* Whatever the bytes belong to: it may take others for a branch. */
static bool bytes_branch_to(uint64_t from, uint64_t end, uint64_t target)
{
	for (uint64_t at = from; at + 2 <= end; at++)
		if (is_short_branch_to(at, target))
			return true;
	return false;
}

/* Its instructions can be read from its beginning on. */
static bool function_branches_to(const struct mf_range *function, uint64_t code_end, uint64_t target)
{
	uint64_t at = function->start;
	while (at < function->end && at + INSTRUCTION_SIZE_MAX <= code_end) {
		size_t size = instruction_at((const uint8_t *)at).size;
		if (!size)
			break;
		if ((size == 2 || size == 3) && is_short_branch_to(at + size - 2, target))
			return true;
		at += size;
	}
	return bytes_branch_to(at, function->end, target);
}

static bool short_branch_leads_to(const struct mf_range *code, const struct mf_range *function,
				  uint64_t target)
{
	enum { REACH = 130 };
	if (function->start < function->end)
		return function_branches_to(function, code->end, target);
	uint64_t from = target - code->start > REACH ? target - REACH : code->start;
	uint64_t end = code->end - target > REACH ? target + REACH : code->end;
	return bytes_branch_to(from, end, target);
}

/* Whether the four bytes at `at` are the distance of a branch to the target. */
static bool is_branch_to(const struct mf_range *code, uint64_t at, uint64_t target)
{
	const uint8_t *bytes = (const uint8_t *)at;
	int32_t distance;
	__builtin_memcpy(&distance, bytes, sizeof distance);
	if (at + 4 + (uint64_t)(int64_t)distance != target)
		return false;
	return (at > code->start && (bytes[-1] & 0xFE) == 0xE8) ||
	       (at > code->start + 1 && bytes[-2] == 0x0F && (bytes[-1] & 0xF0) == 0x80);
}

/* A number other than 0 if one of the four distances from each of sixteen bytes is one to the target. */
__attribute__((target("sse2"))) static int distances_match(uint64_t at, uint64_t target)
{
	__m128i match = _mm_setzero_si128();
	for (int i = 0; i < 4; i++) {
		int32_t first = (int32_t)(target - (at + (uint64_t)i + 4));
		__m128i wanted = _mm_setr_epi32(first, first - 4, first - 8, first - 12);
		__m128i found = _mm_loadu_si128((const __m128i *)(at + (uint64_t)i));
		match = _mm_or_si128(match, _mm_cmpeq_epi32(found, wanted));
	}
	return _mm_movemask_epi8(match);
}

/* The vector registers are the caller's to lose, as in kernel_entry_find. */
__attribute__((target("sse2"))) static bool long_branch_leads_to(const struct mf_range *code, uint64_t target)
{
	uint64_t at = code->start;
	for (; at + 19 <= code->end; at += 16)
		if (distances_match(at, target))
			for (uint64_t i = at; i < at + 16; i++)
				if (is_branch_to(code, i, target))
					return true;
	for (; at + 4 <= code->end; at++)
		if (is_branch_to(code, at, target))
			return true;
	return false;
}

/* A jump to where a register or a table says, as for a switch: it may lead anywhere here. */
static bool has_indirect_jump(const struct mf_range *function)
{
	for (uint64_t at = function->start; at + 2 <= function->end; at++) {
		const uint8_t *bytes = (const uint8_t *)at;
		if (bytes[0] == 0xFF && ((bytes[1] & 0xF8) == 0xE0 || bytes[1] == 0x24))
			return true;
	}
	return false;
}

bool stub_window_is_sound(const struct mf_range *code, const struct mf_range *function, uint64_t start,
			  uint64_t place)
{
	uint64_t at = start;
	if (function->start < function->end && start < function->start)
		return false;
	while ((at += instruction_at((const uint8_t *)at).size) < start + JUMP_SIZE && at < place)
		if (has_indirect_jump(function) || short_branch_leads_to(code, function, at) ||
		    long_branch_leads_to(code, at))
			return false;
	return true;
}
#endif

/*
 * Intel's manual, volume 2, appendix A: in 64-bit mode an instruction is prefixes, an opcode of one of four
 * maps, a ModRM byte with what belongs to it, and an immediate. Which opcodes have the last two is a table of
 * each map; what they do is not looked at.
 */
#if defined(__x86_64__)
#include "instruction.h"

/* What follows an opcode. */
enum form {
	NONE,  /* nothing */
	MODRM, /* a ModRM byte */
	BYTE,  /* an immediate of 1 byte */
	WIDE,  /* of 4 bytes, with prefix 66 of 2 */
	MODRM_BYTE,
	MODRM_WIDE,
	TEST_BYTE, /* a ModRM byte, and if its middle is 0 or 1, an immediate */
	TEST_WIDE,
	WORD,	 /* of 2 bytes */
	ENTER,	 /* of 3 bytes */
	MOVE,	 /* as WIDE, with REX.W of 8 bytes */
	ADDRESS, /* of 8 bytes, with prefix 67 of 4 */
	BRANCH,	 /* nothing, and leaves the row of instructions */
	BRANCH_BYTE,
	BRANCH_WIDE,
	BRANCH_WORD,
	INVALID,
};

/* Of the map of one-byte opcodes, from 0x40 on; those before follow one pattern. Prefixes are not among them.
 */
static const uint8_t one_byte[0x100 - 0x40] = {
#define ROW(a, b, c, d, e, f, g, h) a, b, c, d, e, f, g, h
#define EIGHT(a)		    a, a, a, a, a, a, a, a
    EIGHT(INVALID),
    EIGHT(INVALID), /* 40 to 4F are REX */
    EIGHT(NONE),
    EIGHT(NONE),
    ROW(INVALID, INVALID, INVALID, MODRM, INVALID, INVALID, INVALID, INVALID),
    ROW(WIDE, MODRM_WIDE, BYTE, MODRM_BYTE, NONE, NONE, NONE, NONE),
    EIGHT(BRANCH_BYTE),
    EIGHT(BRANCH_BYTE),
    ROW(MODRM_BYTE, MODRM_WIDE, INVALID, MODRM_BYTE, MODRM, MODRM, MODRM, MODRM),
    EIGHT(MODRM),
    EIGHT(NONE),
    ROW(NONE, NONE, INVALID, NONE, NONE, NONE, NONE, NONE),
    ROW(ADDRESS, ADDRESS, ADDRESS, ADDRESS, NONE, NONE, NONE, NONE),
    ROW(BYTE, WIDE, NONE, NONE, NONE, NONE, NONE, NONE),
    EIGHT(BYTE),
    EIGHT(MOVE),
    ROW(MODRM_BYTE, MODRM_BYTE, BRANCH_WORD, BRANCH, INVALID, INVALID, MODRM_BYTE, MODRM_WIDE),
    ROW(ENTER, NONE, BRANCH_WORD, BRANCH, BRANCH, BYTE, INVALID, BRANCH),
    ROW(MODRM, MODRM, MODRM, MODRM, INVALID, INVALID, INVALID, NONE),
    EIGHT(MODRM),
    ROW(BRANCH_BYTE, BRANCH_BYTE, BRANCH_BYTE, BRANCH_BYTE, BYTE, BYTE, BYTE, BYTE),
    ROW(BRANCH_WIDE, BRANCH_WIDE, INVALID, BRANCH_BYTE, NONE, NONE, NONE, NONE),
    ROW(INVALID, NONE, INVALID, INVALID, BRANCH, NONE, TEST_BYTE, TEST_WIDE),
    ROW(NONE, NONE, NONE, NONE, NONE, NONE, MODRM, MODRM),
};

struct code {
	const uint8_t *at, *distance; /* of an operand that is addressed from here */
	uint8_t rex, opcode;
	bool has_66, has_67;
	bool is_bound;
};

static enum form form_of_one_byte(uint8_t opcode)
{
	static const uint8_t pattern[8] = {MODRM, MODRM, MODRM, MODRM, BYTE, WIDE, INVALID, INVALID};
	return opcode < 0x40 ? pattern[opcode & 7] : one_byte[opcode - 0x40];
}

static bool is_among(uint8_t byte, const uint8_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == byte)
			return true;
	return false;
}

static enum form form_of_two_bytes(uint8_t opcode)
{
	/* syscall, sysret, ud2, sysenter, sysexit, rsm */
	static const uint8_t leave[] = {0x05, 0x07, 0x0B, 0x34, 0x35, 0xAA};
	static const uint8_t alone[] = {0x06, 0x08, 0x09, 0x0E, 0x30, 0x31, 0x32, 0x33,
					0x37, 0x77, 0xA0, 0xA1, 0xA2, 0xA8, 0xA9};
	static const uint8_t with_byte[] = {0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6};
	static const uint8_t invalid[] = {0x04, 0x0A, 0x0C, 0x36};
	if (opcode >= 0x80 && opcode <= 0x8F)
		return BRANCH_WIDE;
	if (is_among(opcode, leave, sizeof leave))
		return BRANCH;
	if (is_among(opcode, alone, sizeof alone) || (opcode >= 0xC8 && opcode <= 0xCF))
		return NONE;
	if (is_among(opcode, with_byte, sizeof with_byte))
		return MODRM_BYTE;
	return is_among(opcode, invalid, sizeof invalid) ? INVALID : MODRM;
}

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x66, 0xF2, 0xF3, 0xF0, 0x67, 0x64, 0x65, 0x2E, 0x3E, 0x26, 0x36};
	return is_among(byte, prefixes, sizeof prefixes);
}

/* REX comes last, or does not count. */
static void skip_prefixes(struct code *code)
{
	for (int i = 0; i < 4 && is_prefix(*code->at); i++) {
		code->has_66 |= *code->at == 0x66;
		code->has_67 |= *code->at == 0x67;
		code->at++;
	}
	if ((*code->at & 0xF0) == 0x40)
		code->rex = *code->at++;
}

/* The forms of the maps that VEX and EVEX can name: 1 is 0F, 2 is 0F 38, 3 is 0F 3A, 5 and 6 are EVEX's own.
 */
static enum form form_in_map(unsigned map, uint8_t opcode)
{
	switch (map) {
	case 1:
		return form_of_two_bytes(opcode);
	case 3:
		return MODRM_BYTE;
	case 2:
	case 5:
	case 6:
		return MODRM;
	default:
		return INVALID;
	}
}

static enum form take_opcode(struct code *code)
{
	unsigned map = 1;
	switch (code->opcode = *code->at++) {
	case 0x0F:
		if (*code->at == 0x38 || *code->at == 0x3A)
			map = *code->at++ == 0x38 ? 2 : 3;
		break;
	case 0xC5:
		code->at++;
		break;
	case 0xC4:
		map = *code->at & 0x1F;
		code->at += 2;
		break;
	case 0x62:
		map = *code->at & 7;
		code->at += 3;
		break;
	default:
		return form_of_one_byte(code->opcode);
	}
	return form_in_map(map, *code->at++);
}

/* call and jmp, to where their operand says; xbegin. */
static bool branches(uint8_t opcode, unsigned middle)
{
	return opcode == 0xFF ? middle >= 2 && middle <= 5 : opcode == 0xC7 && middle == 7;
}

/* The ModRM byte, the SIB byte and the displacement. Returns the middle of the first. */
static unsigned take_modrm(struct code *code)
{
	uint8_t modrm = *code->at++, mod = modrm >> 6, rm = modrm & 7;
	unsigned middle = modrm >> 3 & 7;
	code->is_bound |= branches(code->opcode, middle);
	if (mod == 3)
		return middle;
	uint8_t base = rm == 4 ? *code->at++ & 7 : rm;
	if (mod == 0 && rm == 5)
		code->distance = code->at;
	code->at += mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
	return middle;
}

static size_t wide(const struct code *code)
{
	return code->has_66 && !(code->rex & 8) ? 2 : 4;
}

static bool take_operands(struct code *code, enum form form)
{
	switch (form) {
	case MODRM:
		take_modrm(code);
		break;
	case TEST_BYTE:
		code->at += take_modrm(code) < 2 ? 1 : 0;
		break;
	case TEST_WIDE:
		code->at += take_modrm(code) < 2 ? wide(code) : 0;
		break;
	case MODRM_BYTE:
		take_modrm(code), code->at += 1;
		break;
	case MODRM_WIDE:
		take_modrm(code), code->at += wide(code);
		break;
	case BYTE:
	case BRANCH_BYTE:
		code->at += 1;
		break;
	case WIDE:
		code->at += wide(code);
		break;
	case BRANCH_WIDE:
		code->at += 4;
		break;
	case WORD:
	case BRANCH_WORD:
		code->at += 2;
		break;
	case ENTER:
		code->at += 3;
		break;
	case MOVE:
		code->at += code->rex & 8 ? 8 : wide(code);
		break;
	case ADDRESS:
		code->at += code->has_67 ? 4 : 8;
		break;
	case NONE:
	case BRANCH:
		break;
	case INVALID:
		return false;
	}
	code->is_bound |= form >= BRANCH && form <= BRANCH_WORD;
	return true;
}

struct instruction instruction_at(const uint8_t *at)
{
	struct code code = {.at = at};
	skip_prefixes(&code);
	if (!take_operands(&code, take_opcode(&code)) || code.at > at + INSTRUCTION_SIZE_MAX)
		return (struct instruction){0};
	/* With prefix 67 the address is cut to 32 bits. */
	return (struct instruction){.size = (size_t)(code.at - at),
				    .distance = code.distance ? (size_t)(code.distance - at) : 0,
				    .is_bound = code.is_bound || (code.distance && code.has_67)};
}
#endif

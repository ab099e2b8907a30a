/*
 * Finds `mov $NR, %eax` in front of `syscall` and turns the move into a jump of the same five bytes; `mov
 * $NR, %rax`, as Go's assembler has it, is two bytes longer.
 *
 * Between the two there may be moves among registers, loads from the frame and pushes, as compilers put them
 * there (sanitizers' internal_mmap): these run the same wherever they lie, so a copy of them in the tracer is
 * executed in their place. The originals stay, and so does the `syscall`: code that jumps there finds what it
 * always found.
 *
 * A number that is computed may have any instructions before it but branches; operands that they address from
 * where they lie are found from the copy too. The number is looked at when the copy is executed: a call that
 * may change the map goes the same way, any other back to its `syscall`. So does execve, which would not come
 * back to give back a stack.
 */
#if defined(__x86_64__)
#include "stub_arch.h"

#include <sys/syscall.h>

#include "hooks.h"
#include "instruction.h"
#include "kernel_entry.h"
#include "stub_window.h"

enum {
	MOVE_SIZE = 5,
	LONG_MOVE_SIZE = 7,
	LONG_JUMP_SIZE = 14,
	ENTRY_SIZE = 16,
	COPY_SIZE = STUB_CODE_MAX,
	ALIGNMENT = 16,	     /* of functions */
	GAP_REACH = 1 << 20, /* bytes to both sides in which a gap is looked for */
	NUMBER_MAX = 512
};

extern const char stub_entries[]; /* STUBS_MAX entries of ENTRY_SIZE bytes, in stub_entry_x86_64.S */
extern const char stub_copies[];  /* as many places of COPY_SIZE bytes, likewise */

/* An instruction that does the same wherever it lies. */
struct plain {
	size_t size;	  /* bytes, 0: it is another kind of instruction */
	bool sets_number; /* it writes eax or rax */
};

/* mov, movslq and xor between two registers. ModRM: mod 3, reg, rm; REX.R and REX.B extend them. */
static struct plain between_registers(const uint8_t *at, size_t prefix, uint8_t rex)
{
	uint8_t opcode = at[prefix], modrm = at[prefix + 1];
	uint8_t reg = (uint8_t)((modrm >> 3 & 7) | (rex & 4 ? 8 : 0)),
		rm = (uint8_t)((modrm & 7) | (rex & 1 ? 8 : 0));
	bool into_reg = opcode == 0x8B || opcode == 0x63 || opcode == 0x33;
	if (modrm >> 6 != 3 || (!into_reg && opcode != 0x89 && opcode != 0x31))
		return (struct plain){0};
	return (struct plain){.size = prefix + 2, .sets_number = (into_reg ? reg : rm) == 0};
}

/* mov disp(%rbp or %rsp), as unoptimised code has it, and lea disp(register); disp of 8 or 32 bits. */
static struct plain from_base(const uint8_t *at, size_t prefix, uint8_t rex)
{
	uint8_t opcode = at[prefix], modrm = at[prefix + 1], mod = modrm >> 6, rm = modrm & 7;
	bool by_rsp = rm == 4 && at[prefix + 2] == 0x24, by_frame = !(rex & 1) && (rm == 5 || by_rsp);
	bool is_known = (opcode == 0x8B && by_frame) || (opcode == 0x8D && (rm != 4 || by_rsp));
	if (!is_known || rex & 2 || (mod != 1 && mod != 2))
		return (struct plain){0};
	return (struct plain){.size = prefix + 2 + by_rsp + (mod == 1 ? 1 : 4),
			      .sets_number = !(rex & 4) && (modrm >> 3 & 7) == 0};
}

/* mov $imm32 and what else takes 8 bits of its own (or, and, add): into a register. */
static struct plain from_constant(const uint8_t *at, size_t prefix, uint8_t rex)
{
	uint8_t opcode = at[prefix], modrm = at[prefix + 1];
	bool is_move = opcode == 0xC7 && (modrm >> 3 & 7) == 0;
	if (modrm >> 6 != 3 || (!is_move && opcode != 0x83))
		return (struct plain){0};
	return (struct plain){.size = prefix + 2 + (is_move ? 4 : 1),
			      .sets_number = (modrm & 7) == 0 && !(rex & 1)};
}

static struct plain plain_instruction(const uint8_t *at)
{
	size_t prefix = (at[0] & 0xF0) == 0x40;
	uint8_t rex = prefix ? at[0] : 0, opcode = at[prefix];
	if (opcode >= 0x50 && opcode <= 0x57) /* push */
		return (struct plain){.size = prefix + 1};
	if (opcode >= 0xB8 && opcode <= 0xBF && !(rex & 8)) /* mov $imm32 */
		return (struct plain){.size = prefix + 5, .sets_number = opcode == 0xB8 && !(rex & 1)};
	struct plain plain = between_registers(at, prefix, rex);
	plain = plain.size ? plain : from_base(at, prefix, rex);
	return plain.size ? plain : from_constant(at, prefix, rex);
}

/* Whether plain instructions that leave the number alone fill [from, end). */
static bool is_plain(uint64_t from, uint64_t end)
{
	while (from < end) {
		struct plain plain = plain_instruction((const uint8_t *)from);
		if (!plain.size || plain.sets_number)
			return false;
		from += plain.size;
	}
	return from == end;
}

/* A byte 0x40 to 0x4F before an instruction may be its REX prefix: then it is another one. A move to eax with
 * such a byte before it is left alone, although the byte may as well end the instruction before. */
static bool may_have_prefix(uint64_t least, uint64_t at)
{
	return at > least && (*(const uint8_t *)(at - 1) & 0xF0) == 0x40;
}

/* Whether a move is one of those bytes that movabs gives a register, as a program has them that makes code:
 * of all constants only those have room for it and the `syscall`. */
static bool is_in_constant(uint64_t least, uint64_t at)
{
	for (uint64_t movabs = at - 2; movabs >= at - 3; movabs--) {
		const uint8_t *bytes = (const uint8_t *)movabs;
		if (movabs >= least && (bytes[0] & 0xF8) == 0x48 && (bytes[1] & 0xF8) == 0xB8)
			return true;
	}
	return false;
}

/* Of a move of a system call's number to eax or rax; 0: there is none. */
static size_t move_size(uint64_t least, uint64_t at)
{
	static const uint8_t long_move[3] = {0x48, 0xC7, 0xC0};
	const uint8_t *bytes = (const uint8_t *)at;
	bool is_long = __builtin_memcmp(bytes, long_move, sizeof long_move) == 0;
	uint32_t number;
	if (!is_long && (bytes[0] != 0xB8 || may_have_prefix(least, at)))
		return 0;
	if (is_in_constant(least, at))
		return 0;
	size_t size = is_long ? LONG_MOVE_SIZE : MOVE_SIZE;
	__builtin_memcpy(&number, bytes + size - 4, 4);
	return number < NUMBER_MAX ? size : 0;
}

/* Where the move is, and its size; or address 0. */
static struct stub find_move(uint64_t least, uint64_t syscall)
{
	for (uint64_t at = syscall - MOVE_SIZE; at >= least && syscall - at <= LONG_MOVE_SIZE + STUB_COPY_MAX;
	     at--) {
		size_t size = move_size(least, at);
		if (size && at + size <= syscall && syscall - at <= size + STUB_COPY_MAX &&
		    is_plain(at + size, syscall))
			return (struct stub){.address = at, .size = size, .between = syscall - at - size};
	}
	return (struct stub){0};
}

/* The number that a plain instruction gives eax: xor %eax, %eax and the long form of mov $NR, %eax tell it.
 */
static uint64_t number_given(const uint8_t *at)
{
	uint32_t number;
	if ((at[0] == 0x31 || at[0] == 0x33) && at[1] == 0xC0)
		return 0;
	if (at[0] != 0xC7)
		return STUB_NUMBER_UNKNOWN;
	__builtin_memcpy(&number, at + 2, sizeof number);
	return number;
}

/* Whether the number is given by another instruction than the short move, as where compilers keep it in a
 * register for several calls. A chance `0f 05` inside another instruction has no such one before it; libgcc
 * has one in a constant, with a number. */
static bool find_number(uint64_t least, uint64_t syscall, uint64_t *number)
{
	for (uint64_t at = syscall - 2; at >= least && syscall - at <= STUB_COPY_MAX; at--) {
		struct plain plain = plain_instruction((const uint8_t *)at);
		if (may_have_prefix(least, at) || !plain.size || !plain.sets_number ||
		    !is_plain(at + plain.size, syscall))
			continue;
		*number = number_given((const uint8_t *)at);
		return true;
	}
	return false;
}

/* Of a number that is not given by a short or long move. */
static bool find_computed(uint64_t code, struct stub *stub)
{
	uint64_t place = stub->return_to - 2;
	bool is_given = find_number(code, place, &stub->number);
	if (is_given && stub->number != STUB_NUMBER_UNKNOWN)
		return true;
	stub->number = STUB_NUMBER_UNKNOWN;
	stub->is_doubtful = !is_given;
	struct stub_window window = stub_window_before(code, place);
	stub->address = window.start;
	stub->between = window.start ? place - window.start : 0;
	return !stub->is_doubtful || window.is_instruction;
}

bool stub_at(uint64_t code, uint64_t at, struct stub *found)
{
	uint32_t number;
	*found = (struct stub){0};
	if (kernel_entry_is_syscall(at) && at >= code + MOVE_SIZE)
		*found = find_move(code, at);
	found->return_to = at + 2;
	if (!found->address)
		return kernel_entry_is_syscall(at) && at >= code + 2 && find_computed(code, found);
	__builtin_memcpy(&number, (const void *)(found->address + found->size - 4), 4);
	found->number = number;
	return true;
}

static bool is_gate(uint64_t code, uint64_t at, struct stub *found)
{
	*found = (struct stub){.return_to = at + 2, .is_gate = true};
	return kernel_entry_is_gate(at) && stub_window_before(code, at).is_instruction;
}

bool stub_find(uint64_t code, uint64_t from, uint64_t end, struct stub *found)
{
	for (uint64_t at = from; (at = kernel_entry_find(at, end)) < end; at += 2)
		if (stub_at(code, at, found) || is_gate(code, at, found))
			return true;
	return false;
}

static bool add_jump(struct stub_code *code, uint64_t to)
{
	int64_t distance = (int64_t)(to - (code->address + code->size + 5));
	int32_t near = (int32_t)distance;
	code->bytes[code->size] = 0xE9;
	__builtin_memcpy(code->bytes + code->size + 1, &near, 4);
	code->size += 5;
	return distance == near;
}

static void add_bytes(struct stub_code *code, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		code->bytes[code->size++] = ((const uint8_t *)bytes)[i];
}

/* Leaves for `elsewhere` with a number that is not wanted, and with an ioctl that is no userfaultfd's: others
 * may wait for long, and would keep a stack. The instruction itself would change rcx and r11. */
static bool add_question(struct stub_code *code, uint64_t elsewhere)
{
	enum { USERFAULTFD_TYPE = 0xAA /* _IOC_TYPE(UFFDIO_REGISTER) */ };
	static const uint8_t is_in_table[] = {0x3D,
					      NUMBER_MAX & 255,
					      NUMBER_MAX >> 8,
					      0,
					      0, /* cmp, %eax */
					      0x73,
					      28};	  /* jae to the jump */
	static const uint8_t load[] = {0x4C, 0x8D, 0x1D}; /* lea, %r11 */
	static const uint8_t is_wanted[] = {0x89, 0xC1,	  /* mov %eax, %ecx */
					    0x41, 0x80, 0x3C,
					    0x0B, 0x00,			  /* cmpb $0, (%r11, %rcx) */
					    0x74, 12,			  /* je to the jump */
					    0x83, 0xF8, SYS_ioctl,	  /* cmp, %eax */
					    0x75, 21,			  /* jne behind it */
					    0x89, 0xF1,			  /* mov %esi, %ecx */
					    0x80, 0xFD, USERFAULTFD_TYPE, /* cmp, %ch */
					    0x74, 14};			  /* je behind it */
	static const uint8_t jump[] = {0xFF, 0x25, 0, 0, 0, 0};		  /* jmp *0(%rip) */
	add_bytes(code, is_in_table, sizeof is_in_table);
	add_bytes(code, load, sizeof load);
	int32_t distance = (int32_t)((uint64_t)hook_syscall_interest - (code->address + code->size + 4));
	add_bytes(code, &distance, sizeof distance);
	add_bytes(code, is_wanted, sizeof is_wanted);
	add_bytes(code, jump, sizeof jump);
	add_bytes(code, &elsewhere, sizeof elsewhere);
	return true;
}

/* Of copied instructions: operands that are addressed from where they were. False: they are out of reach. */
static bool correct_distances(const struct stub *stub, struct stub_code *code)
{
	int64_t moved = (int64_t)(stub->address + stub->size - code->address);
	for (size_t at = 0; at < code->size;) {
		struct instruction instruction = instruction_at(code->bytes + at);
		if (!instruction.size)
			return false;
		uint8_t *place = code->bytes + at + instruction.distance;
		int32_t distance;
		__builtin_memcpy(&distance, place, sizeof distance);
		int64_t corrected = distance + moved;
		distance = (int32_t)corrected;
		if (instruction.distance && distance != corrected)
			return false;
		if (instruction.distance)
			__builtin_memcpy(place, &distance, sizeof distance);
		at += instruction.size;
	}
	return true;
}

/* The instructions between, and a jump to the entry behind them. */
static bool copy_between(const struct stub *stub, size_t index, uint64_t entry, struct stub_code *code)
{
	*code = (struct stub_code){.address = (uint64_t)stub_copies + index * COPY_SIZE};
	add_bytes(code, (const uint8_t *)stub->address + stub->size, stub->between);
	if (!correct_distances(stub, code))
		return false;
	if (stub->number == STUB_NUMBER_UNKNOWN)
		add_question(code, stub->return_to - 2);
	return add_jump(code, entry);
}

/* Whether a `ret` and int3 up to the next function end at `end`, with the room for a long jump: lld fills so.
 * A constant in the code that has so many equal bytes has 16 of them. */
static bool is_gap(const struct stub_room *room, uint64_t end)
{
	const uint8_t *next = (const uint8_t *)end;
	if (end < room->code + ALIGNMENT || end >= room->code_end)
		return false;
	bool is_longer = next[-LONG_JUMP_SIZE - 1] == 0xCC;
	for (int i = 1; i <= LONG_JUMP_SIZE; i++)
		if (next[-i] != 0xCC)
			return false;
	return next[0] != 0xCC && next[-LONG_JUMP_SIZE - 1 - is_longer] == 0xC3;
}

/* The nearest gap's last LONG_JUMP_SIZE bytes; 0: there is none. */
static uint64_t find_gap(const struct stub_room *room, uint64_t near)
{
	near &= ~(uint64_t)(ALIGNMENT - 1);
	for (uint64_t far = 0; far < GAP_REACH; far += ALIGNMENT) {
		if (is_gap(room, near + far))
			return near + far - LONG_JUMP_SIZE;
		if (is_gap(room, near - far))
			return near - far - LONG_JUMP_SIZE;
	}
	return 0;
}

static uint64_t place_of_long_jump(struct stub_room *room, uint64_t near)
{
	if (room->end - room->start < LONG_JUMP_SIZE)
		return find_gap(room, near);
	room->start += LONG_JUMP_SIZE;
	return room->start - LONG_JUMP_SIZE;
}

/* jmp *0(%rip), and the address behind it. */
static bool long_jump(struct stub_room *room, const struct stub *stub, uint64_t to, struct stub_code *code)
{
	static const uint8_t jump[6] = {0xFF, 0x25};
	*code =
	    (struct stub_code){.address = place_of_long_jump(room, stub->address), .size = LONG_JUMP_SIZE};
	__builtin_memcpy(code->bytes, jump, sizeof jump);
	__builtin_memcpy(code->bytes + sizeof jump, &to, sizeof to);
	return code->address != 0;
}

size_t stub_patch(const struct stub *stub, size_t index, struct stub_room *room,
		  struct stub_code codes[STUB_CODES_MAX])
{
	uint64_t target = (uint64_t)stub_entries + index * ENTRY_SIZE;
	size_t count = 0;
	if (stub->between) {
		if (!copy_between(stub, index, target, &codes[count]))
			return 0;
		target = codes[count++].address;
	}
	codes[count] = (struct stub_code){.address = stub->address};
	if (add_jump(&codes[count], target))
		return count + 1;
	if (!long_jump(room, stub, target, &codes[count]))
		return 0;
	target = codes[count++].address;
	codes[count] = (struct stub_code){.address = stub->address};
	return add_jump(&codes[count], target) ? count + 1 : 0;
}
#endif

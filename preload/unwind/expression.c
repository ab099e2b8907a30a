/* DWARF 5, section 2.5, without the operators that need debug information. */
#include "expression.h"

#include <stddef.h>

#include "arch.h"

#define STACK_MAX 16
#define STEPS_MAX 1000 /* a branch may go backwards */

enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS,
	OP_DUP,
	OP_DROP,
	OP_OVER,
	OP_PICK,
	OP_SWAP,
	OP_ROT,
	OP_ABS = 0x19,
	OP_AND,
	OP_DIV,
	OP_MINUS,
	OP_MOD,
	OP_MUL,
	OP_NEG,
	OP_NOT,
	OP_OR,
	OP_PLUS,
	OP_PLUS_UCONST,
	OP_SHL,
	OP_SHR,
	OP_SHRA,
	OP_XOR,
	OP_BRA,
	OP_EQ,
	OP_GE,
	OP_GT,
	OP_LE,
	OP_LT,
	OP_NE,
	OP_SKIP,
	OP_LIT0 = 0x30,
	OP_REG0 = 0x50,
	OP_BREG0 = 0x70,
	OP_REGX = 0x90,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct evaluation {
	struct mf_reader reader;
	const uint8_t *start;
	const uint64_t *registers;
	struct mf_window *window;
	uint64_t stack[STACK_MAX];
	unsigned depth;
	bool failed;
};

static void push(struct evaluation *run, uint64_t value)
{
	if (run->depth == STACK_MAX)
		run->failed = true;
	else
		run->stack[run->depth++] = value;
}

static uint64_t pop(struct evaluation *run)
{
	if (run->depth == 0) {
		run->failed = true;
		return 0;
	}
	return run->stack[--run->depth];
}

static void pick(struct evaluation *run, unsigned index)
{
	if (index >= run->depth)
		run->failed = true;
	else
		push(run, run->stack[run->depth - 1 - index]);
}

static void push_register(struct evaluation *run, uint64_t number, int64_t offset)
{
	if (number >= MF_ARCH_REGISTERS)
		run->failed = true;
	else
		push(run, run->registers[number] + (uint64_t)offset);
}

static void push_memory(struct evaluation *run)
{
	uint64_t value = 0;

	if (!mf_read_word(run->window, pop(run), &value))
		run->failed = true;
	push(run, value);
}

/* op_const1u, 1s, 2u, 2s, 4u, ...: the size doubles with every second code. */
static void push_constant(struct evaluation *run, uint8_t code)
{
	unsigned size = 1u << ((code - OP_CONST1U) / 2);

	if ((code - OP_CONST1U) % 2)
		push(run, (uint64_t)mf_read_signed(&run->reader, size));
	else
		push(run, mf_read_unsigned(&run->reader, size));
}

static void jump(struct evaluation *run, bool taken)
{
	int64_t distance = mf_read_signed(&run->reader, 2);

	if (!taken)
		return;
	if (distance > run->reader.end - run->reader.at || distance < run->start - run->reader.at)
		run->failed = true;
	else
		run->reader.at += distance;
}

static uint64_t divide(struct evaluation *run, uint64_t left, uint64_t right)
{
	if (right == 0 || (left == UINT64_C(1) << 63 && right == UINT64_MAX)) {
		run->failed = true;
		return 0;
	}
	return (uint64_t)((int64_t)left / (int64_t)right);
}

static uint64_t modulo(struct evaluation *run, uint64_t left, uint64_t right)
{
	if (right == 0) {
		run->failed = true;
		return 0;
	}
	return left % right;
}

static uint64_t shift(uint8_t code, uint64_t value, uint64_t count)
{
	if (code == OP_SHRA)
		return (uint64_t)((int64_t)value >> (count < 64 ? count : 63));
	if (count >= 64)
		return 0;
	return code == OP_SHL ? value << count : value >> count;
}

static uint64_t combine(struct evaluation *run, uint8_t code, uint64_t left, uint64_t right)
{
	switch (code) {
	case OP_AND:
		return left & right;
	case OP_DIV:
		return divide(run, left, right);
	case OP_MINUS:
		return left - right;
	case OP_MOD:
		return modulo(run, left, right);
	case OP_MUL:
		return left * right;
	case OP_OR:
		return left | right;
	case OP_PLUS:
		return left + right;
	case OP_XOR:
		return left ^ right;
	default:
		return shift(code, left, right);
	}
}

static bool compare(uint8_t code, int64_t left, int64_t right)
{
	switch (code) {
	case OP_EQ:
		return left == right;
	case OP_GE:
		return left >= right;
	case OP_GT:
		return left > right;
	case OP_LE:
		return left <= right;
	case OP_LT:
		return left < right;
	default:
		return left != right;
	}
}

static bool is_binary(uint8_t code)
{
	return code == OP_AND || (code >= OP_DIV && code <= OP_MUL) || code == OP_OR || code == OP_PLUS ||
	       (code >= OP_SHL && code <= OP_XOR);
}

static void swap(struct evaluation *run)
{
	uint64_t top = pop(run), second = pop(run);

	push(run, top);
	push(run, second);
}

/* The top goes below the next two. */
static void rotate(struct evaluation *run)
{
	uint64_t top = pop(run), second = pop(run), third = pop(run);

	push(run, top);
	push(run, third);
	push(run, second);
}

static void execute_stack(struct evaluation *run, uint8_t code)
{
	switch (code) {
	case OP_DUP:
		return pick(run, 0);
	case OP_DROP:
		pop(run);
		return;
	case OP_OVER:
		return pick(run, 1);
	case OP_PICK:
		return pick(run, mf_read_byte(&run->reader));
	case OP_SWAP:
		return swap(run);
	case OP_ROT:
		return rotate(run);
	case OP_ABS: {
		uint64_t value = pop(run);

		return push(run, (int64_t)value < 0 ? 0 - value : value);
	}
	case OP_NEG:
		return push(run, 0 - pop(run));
	case OP_NOT:
		return push(run, ~pop(run));
	case OP_PLUS_UCONST:
		return push(run, pop(run) + mf_read_uleb(&run->reader));
	default:
		run->failed = true;
	}
}

static void execute_other(struct evaluation *run, uint8_t code)
{
	switch (code) {
	case OP_ADDR:
		return push(run, mf_read_unsigned(&run->reader, 8));
	case OP_DEREF:
		return push_memory(run);
	case OP_DEREF_SIZE:
		if (mf_read_byte(&run->reader) != 8)
			run->failed = true;
		return push_memory(run);
	case OP_CONSTU:
		return push(run, mf_read_uleb(&run->reader));
	case OP_CONSTS:
		return push(run, (uint64_t)mf_read_sleb(&run->reader));
	case OP_BRA:
		return jump(run, pop(run) != 0);
	case OP_SKIP:
		return jump(run, true);
	case OP_REGX:
		return push_register(run, mf_read_uleb(&run->reader), 0);
	case OP_BREGX: {
		uint64_t number = mf_read_uleb(&run->reader);

		return push_register(run, number, mf_read_sleb(&run->reader));
	}
	case OP_NOP:
		return;
	default:
		execute_stack(run, code);
	}
}

static void execute_one(struct evaluation *run)
{
	uint8_t code = mf_read_byte(&run->reader);
	uint64_t right;

	if (code >= OP_LIT0 && code < OP_REG0)
		push(run, code - OP_LIT0);
	else if (code >= OP_REG0 && code < OP_BREG0)
		push_register(run, code - OP_REG0, 0);
	else if (code >= OP_BREG0 && code < OP_REGX)
		push_register(run, code - OP_BREG0, mf_read_sleb(&run->reader));
	else if (code >= OP_CONST1U && code <= OP_CONST8S)
		push_constant(run, code);
	else if (code >= OP_EQ && code <= OP_NE) {
		right = pop(run);
		push(run, compare(code, (int64_t)pop(run), (int64_t)right));
	} else if (is_binary(code)) {
		right = pop(run);
		push(run, combine(run, code, pop(run), right));
	} else
		execute_other(run, code);
}

bool mf_expression(const uint8_t *expression, const uint64_t *registers, struct mf_window *window,
		   const uint64_t *initial, uint64_t *value)
{
	/* Its length was checked when the program that holds it was executed. */
	struct mf_reader whole = {.at = expression, .end = expression + 10};
	uint64_t length = mf_read_uleb(&whole);
	struct evaluation run;

	run.reader = (struct mf_reader){.at = whole.at, .end = whole.at + length};
	run.start = whole.at;
	run.registers = registers;
	run.window = window;
	run.depth = 0;
	run.failed = false;
	if (initial)
		push(&run, *initial);
	for (int step = 0; run.reader.at < run.reader.end; step++) {
		execute_one(&run);
		if (run.failed || run.reader.failed || step == STEPS_MAX)
			return false;
	}
	*value = pop(&run);
	return !run.failed;
}

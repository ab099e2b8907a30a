/* Code without frame descriptions, frame pointers of every kind: never a crash, and no frame from nowhere. */
#include <sys/mman.h>

#include "oracle.h"

#define PAGE 4096

static struct mf_backtrace seen;
static char *hole; /* one readable page between two that are not */

static NOINLINE void called_by_jit(void)
{
	struct mf_registers registers;

	mf_unwind_capture(&registers);
	seen.count = mf_unwind(&registers, seen.addresses, MF_UNWIND_DEPTH_MAX, &seen.cut);
}

/* push rbp; mov rbp,rsp; call *rdi; pop rbp; ret */
static const unsigned char with_frame[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
/* push rbp; mov rbp,rsi; call *rdi; pop rbp; ret: what a JIT does that keeps a value in rbp */
static const unsigned char with_value[] = {0x55, 0x48, 0x89, 0xf5, 0xff, 0xd7, 0x5d, 0xc3};

/*
 * As Java's interpreter calls: push rbp; mov rbp,rsp; lea rax,[back]; push rax; jmp inner; nop; nop; nop;
 * back: pop rbp; ret; inner: push rbp; mov rbp,rsp; call *rdi; pop rbp; ret
 */
static const unsigned char with_pushed_return[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d, 0x05, 0x06, 0x00,
						   0x00, 0x00, 0x50, 0xeb, 0x05, 0x90, 0x90, 0x90, 0x5d,
						   0xc3, 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

/* push rbp; mov rbp,rsp; push rsi; push rsi; call *rdi; leave; ret */
static const unsigned char with_locals[] = {0x55, 0x48, 0x89, 0xe5, 0x56, 0x56, 0xff, 0xd7, 0xc9, 0xc3};

typedef void jitted(void (*callee)(void), uint64_t rbp);

static jitted *make(const unsigned char *code, size_t size)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, code, size);
	return page;
}

static int is_cut_after_jit(jitted *function)
{
	return seen.cut && seen.count == 1 && seen.addresses[0] - (uint64_t)function < PAGE;
}

static NOINLINE int frame_pointer_is_followed(void)
{
	jitted *function = make(with_frame, sizeof(with_frame));
	uint64_t here = (uint64_t)frame_pointer_is_followed, start = (uint64_t)function;

	function(called_by_jit, 0);
	return !seen.cut && seen.count >= 4 && seen.addresses[0] == start + 6 &&
	       seen.addresses[1] - here < 500;
}

static NOINLINE int pushed_return_is_followed(void)
{
	jitted *function = make(with_pushed_return, sizeof(with_pushed_return));
	uint64_t here = (uint64_t)pushed_return_is_followed, start = (uint64_t)function;

	function(called_by_jit, 0);
	return !seen.cut && seen.count >= 5 && seen.addresses[0] == start + 25 &&
	       seen.addresses[1] == start + 17 && seen.addresses[2] - here < 500;
}

static uint64_t random_word(void)
{
	return (uint64_t)rand() << 33 ^ (uint64_t)rand() << 12 ^ (uint64_t)rand();
}

static NOINLINE int garbage_ends_the_walk(void)
{
	jitted *function = make(with_value, sizeof(with_value));
	uint64_t stack = (uint64_t)__builtin_frame_address(0);
	uint64_t garbage[] = {0,
			      1,
			      8,
			      0x1000,
			      (uint64_t)hole,
			      (uint64_t)hole + PAGE - 8,
			      (uint64_t)hole + PAGE,
			      stack & ~7ul,
			      stack | 1,
			      UINT64_MAX,
			      UINT64_MAX - 7,
			      1ul << 63,
			      1ul << 47,
			      (uint64_t)function,
			      stack + (1 << 20) - 8};
	int good = 1;

	for (size_t each = 0; each < sizeof(garbage) / sizeof(*garbage); each++) {
		function(called_by_jit, garbage[each]);
		if (garbage[each] != (stack & ~7ul) && !is_cut_after_jit(function))
			good = !fprintf(stderr, "rbp %lx: %zu frames\n", garbage[each], seen.count);
	}
	for (int round = 0; round < 20000; round++)
		function(called_by_jit, round % 2 ? random_word() : stack + (random_word() & 0x3fff8));
	return good;
}

/* Whatever the registers are. */
static int random_registers_do_not_crash(void)
{
	struct mf_registers registers;
	uint64_t words[8], stack = (uint64_t)__builtin_frame_address(0), addresses[MF_UNWIND_DEPTH_MAX];
	uint64_t code = (uint64_t)qsort, own = (uint64_t)frame_pointer_is_followed;
	bool cut;

	for (int round = 0; round < 300000; round++) {
		for (int each = 0; each < 8; each++)
			switch (rand() % 4) {
			case 0:
				words[each] = random_word();
				break;
			case 1:
				words[each] = stack + (random_word() & 0x7ff8);
				break;
			case 2:
				words[each] = (uint64_t)hole + (random_word() & 0x1ff8);
				break;
			default:
				words[each] = (rand() % 2 ? code : own) + (random_word() & 0xfff);
			}
		memcpy(&registers, words, sizeof(registers));
		if (round % 2)
			registers.pc = (rand() % 2 ? code : own) + (random_word() & 0xffff);
		mf_unwind(&registers, addresses, MF_UNWIND_DEPTH_MAX, &cut);
		if (round % 1000 == 0)
			mf_unwind_forget(0, UINT64_MAX);
	}
	return 1;
}

/* A stack that was proved readable, and is gone. */
static int unmapped_stack_is_not_read(void)
{
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mf_registers registers;
	uint64_t addresses[8];
	bool cut;

	mf_unwind_capture(&registers);
	registers.sp = (uint64_t)memory;
	registers.rbp = (uint64_t)memory + PAGE;
	mf_unwind(&registers, addresses, 8, &cut);
	munmap(memory, 4 * PAGE);
	mf_unwind_forget((uint64_t)memory, (uint64_t)memory + 4 * PAGE);
	return mf_unwind(&registers, addresses, 8, &cut) == 1 && cut;
}

/* Its locals lead to data beside the code, which was proved readable and which another thread is unmapping.
 */
static NOINLINE int data_beside_code_is_not_read(void)
{
	char *page =
	    mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	jitted *function = (jitted *)memcpy(page, with_locals, sizeof(with_locals));
	uint64_t here = (uint64_t)data_beside_code_is_not_read;

	function(called_by_jit, (uint64_t)page + PAGE + 64);
	mf_unwind_note_code((uint64_t)page, (uint64_t)page + PAGE);
	munmap(page + PAGE, PAGE);
	function(called_by_jit, (uint64_t)page + PAGE + 64);
	return !seen.cut && seen.addresses[0] == (uint64_t)page + 8 && seen.addresses[1] - here < 500;
}

int main(void)
{
	hole = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hole += PAGE;
	mprotect(hole, PAGE, PROT_READ | PROT_WRITE);
	mf_unwind_start();
	int followed = frame_pointer_is_followed() && pushed_return_is_followed(),
	    ended = garbage_ends_the_walk();
	int survived = random_registers_do_not_crash(), gone = unmapped_stack_is_not_read(),
	    passed = data_beside_code_is_not_read();

	printf("followed %d ended %d survived %d gone %d passed %d\n", followed, ended, survived, gone,
	       passed);
	return !(followed && ended && survived && gone && passed);
}

/* On a 16 KiB coroutine stack below an unreadable page; also measures how much stack the unwinder itself
 * takes. */
#include <sys/mman.h>
#include <ucontext.h>

#include "oracle.h"

#define STACK (16 << 10)
#define PAINT 0x5a

static ucontext_t main_context, coroutine;
static char *stack;
static unsigned used_cold, used_warm, count;

/* Bytes between the marked stack pointer and the deepest byte that was written since it was painted. */
static NOINLINE unsigned measure(const struct mf_registers *from)
{
	uint64_t addresses[64];
	char *here = __builtin_frame_address(0), *low = here - 6000;
	bool cut;

	memset(low, PAINT, 5000);
	__asm__ volatile("" ::: "memory");
	count = mf_unwind(from, addresses, 64, &cut);
	while (*low == PAINT)
		low++;
	return here - low - sizeof(addresses);
}

static NOINLINE void body_deeper(int depth)
{
	struct mf_registers registers;

	if (depth) {
		body_deeper(depth - 1);
		KEEP_FRAME();
		return;
	}
	mf_unwind_capture(&registers);
	mf_unwind_forget(0, UINT64_MAX);
	used_cold = measure(&registers);
	used_warm = measure(&registers);
	swapcontext(&coroutine, &main_context);
}

static void body(void)
{
	body_deeper(3);
	KEEP_FRAME();
}

static void body_checked(void)
{
	check("coroutine");
	swapcontext(&coroutine, &main_context);
	check("coroutine, resumed");
	KEEP_FRAME();
}

extern void enter(void *stack_end, void (*function)(void));
extern const char finish[];

/* As Boost's contexts are entered: the return address is of what nothing describes, and no call came before.
 */
__asm__(".text\n"
	"enter:\n"
	"push %rbp\n mov %rsp, %rbp\n mov %rdi, %rsp\n lea finish(%rip), %rax\n push %rax\n jmp *%rsi\n"
	"finish:\n"
	"mov %rbp, %rsp\n pop %rbp\n ret\n");

static int is_whole;

static void body_entered(void)
{
	struct mf_registers registers;
	uint64_t addresses[4];
	bool cut;

	mf_unwind_capture(&registers);
	size_t frames = mf_unwind(&registers, addresses, 4, &cut);
	is_whole = frames == 1 && addresses[0] == (uint64_t)finish && !cut;
	KEEP_FRAME();
}

static void start(void (*function)(void), char *memory, size_t size)
{
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = memory;
	coroutine.uc_stack.ss_size = size;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, function, 0);
	swapcontext(&main_context, &coroutine);
}

int main(void)
{
	char *memory = mmap(NULL, STACK + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char large[256 << 10];

	stack = memory + 4096;
	mprotect(stack, STACK, PROT_READ | PROT_WRITE);
	mf_unwind_start();
	start(body, stack, STACK);
	start(body_checked, large, sizeof(large));
	swapcontext(&main_context, &coroutine);
	enter(large + sizeof(large) - 64, body_entered);
	printf("frames %u; own stack: cold %u bytes, warm %u bytes\n", count, used_cold, used_warm);
	return verdict(2) || !is_whole || used_cold > 2048 || used_warm > 2048 || count < 5;
}

/*
 * Code without frame descriptions, assembly in a program and what a JIT made: what sets up a frame pointer is
 * walked through, and where a caller may be passed over the backtrace says so.
 */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "oracle.h"

typedef void assembly(void (*callee)(void));

extern assembly with_frame, with_delayed_frame, without_frame, with_cleared_frame, on_another_stack,
    as_go_calls, interrupted;
extern const char jit_start[], jit_in_between[], jit_end[];

__asm__(".text\n"
	"jit_start:\n"
	"with_frame:\n"
	"push %rbp\n mov %rsp, %rbp\n sub $32, %rsp\n call *%rdi\n leave\n ret\n"
	/* As compilers schedule it; a word among its locals looks like a return address. */
	"with_delayed_frame:\n"
	"push %rbp\n lea 1(%rsi,%rax,4), %ecx\n xor %eax, %eax\n mov %rsp, %rbp\n sub $32, %rsp\n"
	"mov %rbx, (%rsp)\n mov %eax, %ebx\n add $1, %ebx\n lea 1f(%rip), %rax\n mov %rax, 8(%rsp)\n"
	"call *%rdi\n 1: mov (%rsp), %rbx\n leave\n ret\n"
	"without_frame:\n"
	"sub $40, %rsp\n call *%rdi\n add $40, %rsp\n ret\n"
	"with_cleared_frame:\n"
	"push %rbp\n xor %ebp, %ebp\n sub $32, %rsp\n call *%rdi\n add $32, %rsp\n pop %rbp\n ret\n"
	/* With a frame pointer, calls what has none, which calls what has one: as Java's compilers do. */
	"jit_in_between:\n"
	"push %rbp\n mov %rsp, %rbp\n call 1f\n leave\n ret\n"
	"1: sub $40, %rsp\n call with_frame\n add $40, %rsp\n ret\n"
	/* With a frame pointer on the stack that it leaves. */
	"on_another_stack:\n"
	"push %rbp\n mov %rsp, %rbp\n lea another_stack + 16384(%rip), %rsp\n call *%rdi\n leave\n ret\n"
	/* From what has a frame pointer, which is passed over, on another stack. */
	"as_go_calls:\n"
	"push %rbp\n mov %rsp, %rbp\n call 2f\n leave\n ret\n"
	"2: push %rbp\n mov %rsp, %rbp\n call 3f\n leave\n ret\n"
	"3: push %rbx\n mov %rsp, %rbx\n lea another_stack + 16384(%rip), %rsp\n call *%rdi\n"
	"mov %rbx, %rsp\n pop %rbx\n ret\n"
	"interrupted:\n"
	"ud2\n ret\n"
	"jit_end:\n");

__attribute__((used, aligned(16))) char another_stack[16384];
static struct mf_backtrace seen;

static NOINLINE void callee(void)
{
	struct mf_registers registers;

	mf_unwind_capture(&registers);
	seen.count = mf_unwind(&registers, seen.addresses, MF_UNWIND_DEPTH_MAX, &seen.cut);
	KEEP_FRAME();
}

static void handler(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)info;
	callee();
	if (number == SIGILL)
		registers[REG_RIP] += 2; /* behind ud2 */
	else
		registers[REG_RIP] = *(greg_t *)registers[REG_RSP], registers[REG_RSP] += 8;
}

/* The truth about the caller: our own return address, and the code after our call. */
static uint64_t outer_return, outer_start;

static NOINLINE void outer(assembly *function)
{
	volatile char locals[200];

	locals[0] = 1;
	outer_start = (uint64_t)outer;
	outer_return = (uint64_t)__builtin_return_address(0);
	function(callee);
	(void)locals[0];
	KEEP_FRAME();
}

/* Whether outer and its caller come after `inner` frames. */
static int is_whole(size_t inner)
{
	return seen.count > inner + 2 && seen.addresses[inner] - outer_start < 400 &&
	       seen.addresses[inner + 1] == outer_return;
}

static int walks_through(const char *what, assembly *function, size_t inner)
{
	outer(function);
	printf("%s: %zu frames%s\n", what, seen.count, seen.cut ? ", cut" : "");
	return is_whole(inner) && !seen.cut;
}

/* Marked as cut, but for what was passed over the callers are there. */
static int leads_on(const char *what, assembly *function, size_t inner)
{
	return !walks_through(what, function, inner) && seen.cut && is_whole(inner);
}

static int is_true_or_cut(const char *what, assembly *function, size_t inner)
{
	return walks_through(what, function, inner) || seen.cut;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	char *jit = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int good = 1;

	mf_unwind_start();
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	memcpy(jit, jit_start, jit_end - jit_start);
#define IN_JIT(function) ((assembly *)(jit + ((const char *)(function)-jit_start)))
	good &= walks_through("with a frame pointer", with_frame, 1);
	good &= walks_through("the same in a JIT's memory", IN_JIT(with_frame), 1);
	good &= walks_through("with one set up later", with_delayed_frame, 1);
	good &= walks_through("the same in a JIT's memory", IN_JIT(with_delayed_frame), 1);
	good &= is_true_or_cut("without", without_frame, 1);
	good &= is_true_or_cut("the same in a JIT's memory", IN_JIT(without_frame), 1);
	good &= is_true_or_cut("with a cleared one", with_cleared_frame, 1);
	good &= is_true_or_cut("the same in a JIT's memory", IN_JIT(with_cleared_frame), 1);
	good &= is_true_or_cut("without between two with", (assembly *)jit_in_between, 3);
	good &= is_true_or_cut("the same in a JIT's memory", IN_JIT(jit_in_between), 3);
	good &= leads_on("on another stack, as Go calls", as_go_calls, 2);
	good &= is_true_or_cut("on another stack", on_another_stack, 1);
	good &= is_true_or_cut("interrupted at its beginning", interrupted, 3);
	good &= is_true_or_cut("the same in a JIT's memory", IN_JIT(interrupted), 3);
	good &= walks_through("called at NULL", NULL, 3);
	return !good;
}

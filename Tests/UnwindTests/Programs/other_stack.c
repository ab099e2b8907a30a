/*
 * Calls on another stack, above or below the caller's, which the frame description leads back from: as gcc's
 * split stacks, OCaml 5 and Wine do.
 */
#include "oracle.h"

#define STACK (64 << 10)

extern void call_on(void *stack_end, void (*function)(int), int depth);

__asm__(".text\n"
	"call_on:\n"
	".cfi_startproc\n"
	"push %rbp\n .cfi_adjust_cfa_offset 8\n .cfi_rel_offset %rbp, 0\n"
	"mov %rsp, %rbp\n .cfi_def_cfa_register %rbp\n"
	"mov %rdi, %rsp\n mov %edx, %edi\n call *%rsi\n"
	"leave\n .cfi_def_cfa %rsp, 8\n ret\n"
	".cfi_endproc\n");

static char stacks[3][STACK] __attribute__((aligned(16)));
static const int order[] = {1, 2, 0, 1}; /* the last: what is on it already is further down */

static NOINLINE void descend(int depth)
{
	check("on another stack");
	if (depth < 3)
		call_on(stacks[order[depth]] + STACK, descend, depth + 1);
	else if (depth == 3)
		call_on(stacks[order[depth]] + STACK / 2, descend, depth + 1);
	check("on another stack, back");
}

int main(void)
{
	mf_unwind_start();
	for (int round = 0; round < 3; round++)
		descend(0);
	return verdict(30);
}

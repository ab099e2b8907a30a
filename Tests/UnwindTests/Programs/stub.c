/* From an assembly entry that keeps its caller's registers in memory, as struct mf_registers has them. */
#include "oracle.h"

void stub(void);
static int good;

__asm__(".text\n"
	"stub:\n"
	".cfi_startproc\n"
	"	subq $72, %rsp\n"
	".cfi_adjust_cfa_offset 72\n"
	"	movq 72(%rsp), %rax\n" /* the return address */
	"	movq %rax, 0(%rsp)\n"
	"	leaq 80(%rsp), %rax\n" /* the stack pointer after the return */
	"	movq %rax, 8(%rsp)\n"
	"	movq %rbp, 16(%rsp)\n"
	"	movq %rbx, 24(%rsp)\n"
	"	movq %r12, 32(%rsp)\n"
	"	movq %r13, 40(%rsp)\n"
	"	movq %r14, 48(%rsp)\n"
	"	movq %r15, 56(%rsp)\n"
	"	movq %rsp, %rdi\n"
	"	call hook\n"
	"	addq $72, %rsp\n"
	".cfi_adjust_cfa_offset -72\n"
	"	ret\n"
	".cfi_endproc\n");

__attribute__((used)) static NOINLINE void hook(const struct mf_registers *registers)
{
	struct mf_backtrace ours;
	struct theirs theirs;

	ours.count = mf_unwind(registers, ours.addresses, MF_UNWIND_DEPTH_MAX, &ours.cut);
	walk_theirs(&theirs);
	/* Their frame 0 is in the stub. */
	theirs.count--;
	memmove(theirs.addresses, theirs.addresses + 1, theirs.count * sizeof(uint64_t));
	checks++;
	good += same(&ours, &theirs);
	if (!same(&ours, &theirs))
		print_both("stub", &ours, &theirs);
}

static int compare(const void *a, const void *b)
{
	stub();
	return *(const int *)a - *(const int *)b;
}

int main(void)
{
	int numbers[4] = {4, 3, 2, 1};

	mf_unwind_start();
	qsort(numbers, 4, sizeof(int), compare);
	printf("checks %u good %d\n", checks, good);
	return checks < 4 || good != (int)checks;
}

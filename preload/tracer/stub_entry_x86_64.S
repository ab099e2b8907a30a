/*
 * Where redirected stubs arrive: `syscall` is about to be executed, its arguments in rdi rsi rdx r10 r8 r9. Like the
 * instruction itself, this changes nothing but rax, rcx and r11, and leaves the 128 bytes below the stack pointer
 * alone. Vector registers are saved: compiled code may hold values in them across an inlined system call.
 * From Go code (stub_needs_stack) everything else happens on another stack: 400 bytes below the stack pointer are
 * written until then.
 */
#if defined(__x86_64__)
#include <sys/syscall.h>

#define STUBS_MAX 256
#define COPY_SIZE  80
#define VECTORS   256	/* bytes for xmm0 to xmm15 */
#define STACK_SHIFT 14	/* STUB_STACK_SIZE is 16 KiB */
#define WAIT	  (1 << 24)	/* pauses for a stack: some ten or hundred milliseconds, by processor */
#define YIELD	  1024		/* pauses until others may go first */
#define IS_CONFINED 8		/* in struct mf_sandbox (sandbox.c) */

	.text
	.globl stub_entries
	.hidden stub_entries
	.p2align 4
stub_entries:
	.set index, 0
	.rept STUBS_MAX
	.p2align 4
	leaq -128(%rsp), %rsp
	pushq $index
	jmp stub_common
	.set index, index + 1
	.endr

/* Room for the instructions that lay before a stub's `syscall`; written at run time (stub_x86_64.c). */
	.globl stub_copies
	.hidden stub_copies
	.p2align 4
stub_copies:
	.fill STUBS_MAX * COPY_SIZE, 1, 0xcc

	.p2align 4
	.type stub_common, @function
stub_common:
	.cfi_startproc
	.cfi_def_cfa %rsp, 136		/* the CFA is the interrupted function's stack pointer */
	.cfi_undefined 16
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -144
	movq %rsp, %rbp			/* rbp: +8 the index, +144 the interrupted stack pointer */
	.cfi_def_cfa_register %rbp
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %r10
	pushq %r8
	pushq %r9
	/* struct mf_registers: pc sp rbp rbx r12 r13 r14 r15 */
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %rbx
	movq %rax, %rcx			/* the number, where it is computed */
	pushq (%rbp)
	leaq 144(%rbp), %rax
	pushq %rax
	movq 8(%rbp), %rax
	leaq stub_returns(%rip), %r11
	pushq (%r11, %rax, 8)
	.cfi_offset 16, -256
	movq %rsp, %r11			/* the registers */
	/* uint64_t arguments[6] */
	pushq %r9
	pushq %r8
	pushq %r10
	pushq %rdx
	pushq %rsi
	pushq %rdi
	movq %rax, %rdi			/* index */
	movq %rsp, %rsi			/* arguments */
	movq %r11, %rdx			/* registers */
	pushq $-1			/* -168(%rbp): the stack that was taken */
	leaq stub_needs_stack(%rip), %rax
	cmpb $0, (%rax, %rdi)
	je 3f
	movl $WAIT, %r10d
1:	movq stub_stacks_free(%rip), %rax
	bsfq %rax, %r8
	jz 2f
	movq %rax, %r9
	btrq %r8, %r9
	lock cmpxchgq %r9, stub_stacks_free(%rip)
	jne 1b
	movq %r8, -168(%rbp)
	incq %r8
	shlq $STACK_SHIFT, %r8
	addq stub_stacks(%rip), %r8
	movq %r8, %rsp
	jmp 3f
2:	pause				/* none is free: one that was lent may be */
	decl %r10d
	jz 6f
	testl $YIELD - 1, %r10d
	jnz 8f
	cmpl $0, mf_sandbox + IS_CONFINED(%rip)
	jne 8f
	pushq %rcx			/* who has one may be waiting for a processor */
	movl $SYS_sched_yield, %eax
	syscall
	popq %rcx
8:	movq stub_stacks_lent(%rip), %rax
5:	bsfq %rax, %r8
	jz 1b
	btrq %r8, %rax
	leaq stub_stacks_borrowers(%rip), %r9
	cmpl $0, (%r9, %r8, 4)
	jne 5b
	lock btrq %r8, stub_stacks_lent(%rip)
	jnc 5b
	cmpl $0, (%r9, %r8, 4)		/* or it was lent anew meanwhile */
	jne 7f
	lock btsq %r8, stub_stacks_free(%rip)
	jmp 1b
7:	lock btsq %r8, stub_stacks_lent(%rip)
	jmp 5b
6:	lock incq stub_stacks_missed(%rip)	/* the call is made, and not recorded */
	movq 8(%rbp), %r11
	leaq stub_numbers(%rip), %rax
	movq (%rax, %r11, 8), %rax
	cmpq $-1, %rax			/* STUB_NUMBER_UNKNOWN */
	cmoveq %rcx, %rax
	movq -8(%rbp), %rdi
	movq -16(%rbp), %rsi
	movq -24(%rbp), %rdx
	movq -32(%rbp), %r10
	movq -40(%rbp), %r8
	movq -48(%rbp), %r9
	syscall
	jmp 4f
3:	andq $-16, %rsp
	subq $VECTORS, %rsp
	movaps %xmm0, (%rsp)
	movaps %xmm1, 16(%rsp)
	movaps %xmm2, 32(%rsp)
	movaps %xmm3, 48(%rsp)
	movaps %xmm4, 64(%rsp)
	movaps %xmm5, 80(%rsp)
	movaps %xmm6, 96(%rsp)
	movaps %xmm7, 112(%rsp)
	movaps %xmm8, 128(%rsp)
	movaps %xmm9, 144(%rsp)
	movaps %xmm10, 160(%rsp)
	movaps %xmm11, 176(%rsp)
	movaps %xmm12, 192(%rsp)
	movaps %xmm13, 208(%rsp)
	movaps %xmm14, 224(%rsp)
	movaps %xmm15, 240(%rsp)
	call stub_call
	movaps (%rsp), %xmm0
	movaps 16(%rsp), %xmm1
	movaps 32(%rsp), %xmm2
	movaps 48(%rsp), %xmm3
	movaps 64(%rsp), %xmm4
	movaps 80(%rsp), %xmm5
	movaps 96(%rsp), %xmm6
	movaps 112(%rsp), %xmm7
	movaps 128(%rsp), %xmm8
	movaps 144(%rsp), %xmm9
	movaps 160(%rsp), %xmm10
	movaps 176(%rsp), %xmm11
	movaps 192(%rsp), %xmm12
	movaps 208(%rsp), %xmm13
	movaps 224(%rsp), %xmm14
	movaps 240(%rsp), %xmm15
	leaq -168(%rbp), %rsp
	movq (%rsp), %rcx
	testq %rcx, %rcx
	js 4f
	lock btsq %rcx, stub_stacks_free(%rip)
4:	movq -8(%rbp), %rdi
	movq -16(%rbp), %rsi
	movq -24(%rbp), %rdx
	movq -32(%rbp), %r10
	movq -40(%rbp), %r8
	movq -48(%rbp), %r9
	movq 8(%rbp), %r11
	leaq stub_returns(%rip), %rcx
	movq (%rcx, %r11, 8), %rcx	/* where the instruction itself would have left it */
	movq (%rbp), %r11
	leaq 144(%rbp), %rsp
	movq %r11, %rbp
	.cfi_def_cfa %rsp, 0
	.cfi_undefined 16
	.cfi_restore %rbp
	jmp *%rcx
	.cfi_endproc
	.size stub_common, . - stub_common

	.section .note.GNU-stack, "", @progbits
#endif

/*
 * Where the program enters the tracer: each exported function saves what a backtrace begins with (struct
 * mf_registers, in this order: pc sp rbp rbx r12 r13 r14 r15) and goes on in C as hook_NAME, with the six
 * argument registers untouched and a pointer to the saved registers as seventh argument, on the stack.
 */
#if defined(__x86_64__)

	.section .rodata.hook_names, "a", @progbits
	.globl hook_names
	.hidden hook_names
hook_names:				/* in the order of hook_next; an empty name ends them */
	.bss
	.globl hook_next
	.hidden hook_next
	.p2align 3
hook_next:				/* who else stands in for this function, behind the tracer; 0: libc alone */
	.set hook_index, 0

/* Saves the registers and goes on in C. */
.macro GO_TO name
	pushq %r15
	.cfi_adjust_cfa_offset 8
	pushq %r14
	.cfi_adjust_cfa_offset 8
	pushq %r13
	.cfi_adjust_cfa_offset 8
	pushq %r12
	.cfi_adjust_cfa_offset 8
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	leaq 56(%rsp), %rax		/* the caller's stack pointer once this has returned */
	pushq %rax
	.cfi_adjust_cfa_offset 8
	pushq 56(%rsp)			/* the return address */
	.cfi_adjust_cfa_offset 8
	movq %rsp, %rax
	pushq %rax
	.cfi_adjust_cfa_offset 8
	call hook_\name
	addq $72, %rsp			/* C code kept the registers that were saved above */
	.cfi_adjust_cfa_offset -72
	ret
.endm

.macro HOOK name
	.section .rodata.hook_names
	.asciz "\name"
	.bss
	.quad 0
	.text
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	cmpq $0, hook_next + 8 * hook_index(%rip)
	jne 9f
	GO_TO \name
9:	jmp *hook_next + 8 * hook_index(%rip)
	.cfi_endproc
	.size \name, . - \name
	.set hook_index, hook_index + 1
.endm

	.text
	HOOK mmap
	HOOK mmap64
	HOOK munmap
	HOOK mprotect
	HOOK pkey_mprotect
	HOOK mremap
	HOOK brk
	HOOK sbrk
	HOOK madvise
	HOOK posix_madvise
	HOOK mlock
	HOOK mlock2
	HOOK munlock
	HOOK mlockall
	HOOK munlockall
	HOOK mbind
	HOOK shmat
	HOOK shmdt
	HOOK remap_file_pages
	HOOK prctl
	HOOK mseal
	HOOK personality

/* A descriptor of the tracer's own stays open whoever else stands in for this function: he comes after it. */
	.globl close
	.type close, @function
	.p2align 4
close:
	.cfi_startproc
	GO_TO close
	.cfi_endproc
	.size close, . - close

/*
 * syscall(2): the calls that change the map go through the tracer. All others are made here, with nothing on the
 * stack but what libc's own syscall() would have there (a clone or vfork made this way returns twice through it).
 */
	.globl syscall
	.type syscall, @function
	.p2align 4
syscall:
	.cfi_startproc
	leaq hook_syscall_interest(%rip), %rax
	cmpq $512, %rdi
	jae 1f
	cmpb $0, (%rax,%rdi)
	jne traced_syscall
1:	cmpq $0, mf_sandbox_elsewhere(%rip)
	jne 3f
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %r10
	movq %r9, %r8
	movq 8(%rsp), %r9
	syscall
	cmpq $-4095, %rax
	jae 2f
	ret
2:	negl %eax
	pushq %rax
	.cfi_adjust_cfa_offset 8
	call __errno_location@PLT
	popq %rcx
	.cfi_adjust_cfa_offset -8
	movl %ecx, (%rax)
	movq $-1, %rax
	ret
3:	jmp *dispatch_libc(%rip)
	.cfi_endproc
	.size syscall, . - syscall

	.hidden traced_syscall
	HOOK traced_syscall
	.section .rodata.hook_names
	.byte 0

	.section .note.GNU-stack, "", @progbits
#endif

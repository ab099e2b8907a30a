/* x86-64. */
#include "arch.h"

#include <asm/unistd.h>
#include <errno.h>
#include <stddef.h>

#include "readable.h"
#include "words.h"

/*
 * The caller's registers, as this function found them, then one step out of that caller.
 * Offsets are those of struct mf_registers.
 */
__asm__(".text\n"
	".globl mf_unwind_capture\n"
	".hidden mf_unwind_capture\n"
	".hidden mf_unwind_step\n"
	".type mf_unwind_capture, @function\n"
	".balign 16\n"
	"mf_unwind_capture:\n"
	".cfi_startproc\n"
	"	movq (%rsp), %rax\n"
	"	movq %rax, 0(%rdi)\n"
	"	leaq 8(%rsp), %rax\n"
	"	movq %rax, 8(%rdi)\n"
	"	movq %rbp, 16(%rdi)\n"
	"	movq %rbx, 24(%rdi)\n"
	"	movq %r12, 32(%rdi)\n"
	"	movq %r13, 40(%rdi)\n"
	"	movq %r14, 48(%rdi)\n"
	"	movq %r15, 56(%rdi)\n"
	"	jmp mf_unwind_step\n"
	".cfi_endproc\n"
	".size mf_unwind_capture, . - mf_unwind_capture\n");

_Static_assert(offsetof(struct mf_registers, sp) == 8 && offsetof(struct mf_registers, rbp) == 16 &&
		   offsetof(struct mf_registers, rbx) == 24 && offsetof(struct mf_registers, r12) == 32 &&
		   offsetof(struct mf_registers, r15) == 56,
	       "mf_unwind_capture stores by these offsets");

static bool is_on_valgrind;

/* RUNNING_ON_VALGRIND of valgrind.h: rotations that change nothing, and an exchange that valgrind takes for a
 * question. */
void mf_arch_start(void)
{
	const uint64_t question[6] = {0x1001};
	uint64_t answer = 0;

	__asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(question)
			 : "cc", "memory");
	is_on_valgrind = answer != 0;
}

bool mf_arch_is_on_valgrind(void)
{
	return is_on_valgrind;
}

static long system_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;

	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return number;
}

/* Valgrind complains about a set that the program has not written, and about a `how` that does not exist. */
static bool can_be_copied(uint64_t address)
{
	uint64_t word = 0, here[2] = {(uint64_t)&word, sizeof(word)}, there[2] = {address, sizeof(word)};
	long self = system_call(__NR_getpid, 0, 0, 0, 0, 0);

	return system_call(__NR_process_vm_readv, (uint64_t)self, (uint64_t)here, 1, (uint64_t)there, 1) ==
	       sizeof(word);
}

/*
 * rt_sigprocmask reads the new set before it looks at `how`: EFAULT if it cannot, EINVAL for a `how` that
 * does not exist (kernel/signal.c). Every sandbox allows it, and it changes nothing.
 */
bool mf_arch_probe(uint64_t address)
{
	if (__builtin_expect(is_on_valgrind, 0))
		return can_be_copied(address);
	return system_call(__NR_rt_sigprocmask, ~0ul, address, 0, 8, 0) == -EINVAL;
}

/* call rel32; or call r/m64 (ff /2), whose operand takes 0 to 5 bytes after its ModRM byte. */
MF_READS_PROGRAM bool mf_arch_follows_call(const uint8_t *address, uint64_t readable)
{
	if (readable >= 5 && address[-5] == 0xe8)
		return true;
	for (int length = 2; length <= 7 && (uint64_t)length <= readable; length++)
		if (length != 5 && address[-length] == 0xff && (address[1 - length] >> 3 & 7) == 2)
			return true;
	return false;
}

/* jmp r64 (ff /4). */
MF_READS_PROGRAM bool mf_arch_follows_jump(const uint8_t *address, uint64_t readable)
{
	return readable >= 2 && address[-2] == 0xff && (address[-1] & 0xf8) == 0xe0;
}

MF_READS_PROGRAM bool mf_arch_follows_syscall(const uint8_t *address, uint64_t readable)
{
	return readable >= 2 && address[-2] == 0x0f && address[-1] == 0x05;
}

MF_READS_PROGRAM uint64_t mf_arch_called_before(const uint8_t *address, uint64_t readable)
{
	int32_t distance = 0;

	if (readable < 5 || address[-5] != 0xe8)
		return 0;
	for (int byte = 0; byte < 4; byte++)
		distance |= (int32_t)((uint32_t)address[byte - 4] << 8 * byte);
	return (uint64_t)address + (uint64_t)(int64_t)distance;
}

/* ret, behind which another function begins; not the second byte of what is done to %rbx all the time: add
 * $imm8, and mov in either of its encodings. */
MF_READS_PROGRAM static bool is_return(const uint8_t *at, uint64_t readable)
{
	return *at == 0xc3 && !(readable && (at[-1] == 0x83 || at[-1] == 0x89 || at[-1] == 0x8b));
}

/* Whether push %rbp lies shortly before: compilers move other instructions in between. */
MF_READS_PROGRAM static bool follows_push(const uint8_t *address, uint64_t readable)
{
	for (uint64_t back = 1; back <= readable && back <= 20; back++) {
		if (address[-back] == 0x55)
			return true;
		if (is_return(address - back, readable - back))
			return false;
	}
	return false;
}

/* mov %rsp, %rbp, in either of its encodings, after push %rbp. */
MF_READS_PROGRAM static bool pushes_frame(const uint8_t *at, uint64_t behind, uint64_t before)
{
	return behind >= 3 && at[0] == 0x48 &&
	       ((at[1] == 0x89 && at[2] == 0xe5) || (at[1] == 0x8b && at[2] == 0xec)) &&
	       follows_push(at, before);
}

/* mov %rbp, disp(%rsp); lea disp(%rsp), %rbp, as Go has it; disp of 8 bits, or of 32. */
MF_READS_PROGRAM static bool stores_frame(const uint8_t *at, uint64_t readable)
{
	uint8_t modrm = readable >= 10 ? at[2] : 0;
	int disp = modrm == 0x6c ? 1 : 4, next = 4 + disp;

	if ((modrm != 0x6c && modrm != 0xac) || readable < 2 * (uint64_t)next || at[0] != 0x48 ||
	    at[1] != 0x89 || at[next] != 0x48 || at[next + 1] != 0x8d || at[next + 2] != modrm)
		return false;
	for (int byte = 3; byte < next; byte++)
		if (at[byte] != at[next + byte])
			return false;
	return true;
}

MF_READS_PROGRAM bool mf_arch_sets_up_frame(const uint8_t *address, uint64_t readable)
{
	for (uint64_t back = 1; back <= readable; back++) {
		const uint8_t *at = address - back;

		if (is_return(at, readable - back))
			return false;
		if (pushes_frame(at, back, readable - back) || stores_frame(at, back))
			return true;
	}
	return false;
}

void mf_arch_load(uint64_t *registers, const struct mf_registers *from)
{
	mf_clear_words(registers, MF_ARCH_REGISTERS * sizeof(*registers));
	registers[MF_ARCH_RBX] = from->rbx;
	registers[MF_ARCH_FP] = from->rbp;
	registers[MF_ARCH_SP] = from->sp;
	registers[MF_ARCH_PC] = from->pc;
	registers[12] = from->r12;
	registers[13] = from->r13;
	registers[14] = from->r14;
	registers[15] = from->r15;
}

void mf_arch_store(const uint64_t *registers, struct mf_registers *to)
{
	*to = (struct mf_registers){
	    .pc = registers[MF_ARCH_PC],
	    .sp = registers[MF_ARCH_SP],
	    .rbp = registers[MF_ARCH_FP],
	    .rbx = registers[MF_ARCH_RBX],
	    .r12 = registers[12],
	    .r13 = registers[13],
	    .r14 = registers[14],
	    .r15 = registers[15],
	};
}

/*
 * System calls that do not enter libc: no errno, no cancellation point, no hook. The tracer's own are made
 * only where the program's seccomp filters allow them; the program's are for the kernel to judge.
 */
#ifndef MAPFRAY_RAW_SYSCALL_H
#define MAPFRAY_RAW_SYSCALL_H

#include <errno.h>

#include "sandbox.h"

/* A call that the program makes. The kernel's answer, unchanged: -errno on failure. It goes to *answer by the
 * very next instruction, so that a signal handler finds it there or where it interrupts. */
static inline long program_syscall_noting(long *answer, long number, long a, long b, long c, long d, long e,
					  long f)
{
	if (__builtin_expect(mf_sandbox_elsewhere != 0, 0))
		return *answer = mf_sandbox_elsewhere(number, a, b, c, d, e, f);
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall\n\tmovq %%rax, %[answer]"
			 : "=a"(result), [answer] "=m"(*answer)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0\n\tstr %0, %[answer]"
			 : "+r"(x0), [answer] "=m"(*answer)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
#else
#error "mapfray traces x86-64 and aarch64"
#endif
}

static inline long program_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	long answer;
	return program_syscall_noting(&answer, number, a, b, c, d, e, f);
}

/* A call that the tracer makes: -EPERM, without entering the kernel, where a filter would not allow it. */
static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (__builtin_expect(mf_sandbox_is_confined(), 0) &&
	    !mf_sandbox_permits(number, (const uint64_t[6]){(uint64_t)a, (uint64_t)b, (uint64_t)c,
							    (uint64_t)d, (uint64_t)e, (uint64_t)f}))
		return -EPERM;
	return program_syscall(number, a, b, c, d, e, f);
}

static inline long raw_syscall0(long number)
{
	return raw_syscall(number, 0, 0, 0, 0, 0, 0);
}

static inline long raw_syscall1(long number, long a)
{
	return raw_syscall(number, a, 0, 0, 0, 0, 0);
}

static inline long raw_syscall2(long number, long a, long b)
{
	return raw_syscall(number, a, b, 0, 0, 0, 0);
}

static inline long raw_syscall3(long number, long a, long b, long c)
{
	return raw_syscall(number, a, b, c, 0, 0, 0);
}

static inline long raw_syscall4(long number, long a, long b, long c, long d)
{
	return raw_syscall(number, a, b, c, d, 0, 0);
}

static inline long raw_syscall5(long number, long a, long b, long c, long d, long e)
{
	return raw_syscall(number, a, b, c, d, e, 0);
}

static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	return raw_syscall(number, a, b, c, d, e, f);
}

#endif

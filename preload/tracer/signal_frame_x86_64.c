#if defined(__x86_64__)
#include "signal_frame.h"

enum {
	FARTHEST = 1 << 20, /* bytes between here and the frame: a handler's own frames */
	SYSCALL = 0x050F,   /* the instruction */
	PAGE = 4096,
};

/* As Linux saves them on a signal's frame (struct sigcontext, arch/x86/include/uapi/asm/sigcontext.h). */
struct saved {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip;
};

static bool is_tracers_syscall(uint64_t ip)
{
	return ip >= (uint64_t)__ehdr_start + 2 && ip < (uint64_t)_end &&
	       *(const uint16_t *)(ip - 2) == SYSCALL;
}

/* The instruction leaves its address in rcx, and the arguments where they were; where the kernel is to make
 * the call once more, ip lies before it. */
static bool is_return_from(const struct saved *saved, const uint64_t *arguments)
{
	return saved->ip == saved->cx && saved->di == arguments[0] && saved->si == arguments[1] &&
	       saved->dx == arguments[2] && saved->r10 == arguments[3] && saved->r8 == arguments[4] &&
	       saved->r9 == arguments[5] && is_tracers_syscall(saved->ip);
}

__attribute__((no_sanitize("address", "thread"))) bool signal_frame_result(const struct call *call,
									   long *result)
{
	uint64_t at = (uint64_t)__builtin_frame_address(0), end = at + FARTHEST, readable = at;
	for (; at < end; at += sizeof(uint64_t)) {
		const struct saved *saved = (const struct saved *)at;
		if ((uint64_t)(saved + 1) > readable) {
			if (!mf_unwind_can_read(at, (uint64_t)(saved + 1)))
				return false;
			readable = ((uint64_t)(saved + 1) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		}
		if (is_return_from(saved, call->arguments)) {
			*result = (long)saved->ax;
			return true;
		}
	}
	return false;
}
#endif

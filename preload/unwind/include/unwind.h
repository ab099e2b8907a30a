/*
 * The tracer's own unwinder: it walks the stack of the calling thread over .eh_frame.
 *
 * Nothing here enters malloc, takes a lock, touches errno, uses dynamic TLS or maps memory, so every
 * function but mf_unwind_start() may be called in signal handlers, in forked and vforked children, in
 * threads being born or dying, and on small stacks.
 */
#ifndef MF_UNWIND_H
#define MF_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MF_UNWIND_DEPTH_MAX 256

/* Set in an address that no call left behind: the instruction that a signal interrupted. */
#define MF_UNWIND_INTERRUPTED (UINT64_C(1) << 63)

/*
 * The registers that outlive a call, as they are in the frame where the backtrace begins: `pc` is a return
 * address into that frame, `sp` the stack pointer that it has once the call has returned.
 */
struct mf_registers {
	uint64_t pc, sp, rbp, rbx, r12, r13, r14, r15;
};

struct mf_backtrace {
	size_t count;
	bool cut; /* there are more frames: the next one could not be found, or one may be missing between */
	uint64_t addresses[MF_UNWIND_DEPTH_MAX];
};

/* Once, at library start, before any other call. May enter libc (dlsym, dl_iterate_phdr). */
void mf_unwind_start(void);

/* From here on no system call may be made: what cannot be proved readable without one ends the walk. */
void mf_unwind_confine(void);

/*
 * Fills in the registers of the caller of the function that calls this, so that frame 0 of a walk from them
 * is the return address into that caller. `pc` is 0 when that failed: mf_unwind() then returns no frames.
 * It is an ordinary call: the function that makes it must not be inlined into another one.
 */
void mf_unwind_capture(struct mf_registers *registers);

/* Replaces the registers by those of the caller: for a hook that captures one function deeper. */
bool mf_unwind_step(struct mf_registers *registers);

/*
 * Writes the backtrace, innermost frame first, and returns how many addresses it holds; addresses[0] is
 * from->pc. All are return addresses, except those with MF_UNWIND_INTERRUPTED, above a signal frame. *cut
 * says whether the walk ended before the outermost frame, or may have passed one over.
 */
size_t mf_unwind(const struct mf_registers *from, uint64_t *addresses, size_t capacity, bool *cut);

#define MF_TRAIL_MAX 64

/*
 * What a walk read to find its way: while the registers where it began, and these words, are the same, a walk
 * gives the same backtrace.
 */
struct mf_trail {
	struct {
		uint64_t place, value;
	} words[MF_TRAIL_MAX];
	size_t count;
	uint64_t fp_place;   /* where the frame pointer was restored from last, or 0 */
	uint32_t generation; /* of the row cache, when the walk began */
	bool needs_fp;	     /* the walk used the frame pointer with which it began */
	bool failed;	     /* the walk cannot be told by words */
};

/* As mf_unwind(); and leaves its trail. */
size_t mf_unwind_noting(const struct mf_registers *from, uint64_t *addresses, size_t capacity, bool *cut,
			struct mf_trail *trail);

/*
 * The tag under which a walk from these registers was kept, if it would give the same backtrace again; else
 * 0. Costs a comparison for each frame. Walks of another `epoch` do not count.
 */
uint64_t mf_unwind_recall(const struct mf_registers *from, uint64_t epoch);

/* Keeps the trail of a walk under a tag that is not 0. Walks through signal frames, JIT code and the like are
 * not kept: what they read cannot be told by words on the stack. */
void mf_unwind_keep(const struct mf_registers *from, const struct mf_trail *trail, uint64_t epoch,
		    uint64_t tag);

/* The code of the function that holds this address, as its frame description has it. Enters only
 * _dl_find_object. */
bool mf_unwind_function(uint64_t address, uint64_t *start, uint64_t *end);

/* A file that is not loaded whole yet, its addresses as it has them. */
struct mf_unloaded {
	uint64_t eh_frame_hdr; /* 0: it has none */
	/* Reads at most so many bytes of what lies at an address. Returns how many. */
	size_t (*read)(const struct mf_unloaded *file, uint64_t address, void *bytes, size_t size);
};

/* As mf_unwind_function(), in such a file. Enters nothing but file->read. */
bool mf_unwind_function_in_file(const struct mf_unloaded *file, uint64_t address, uint64_t *start,
				uint64_t *end);

/* Whether these bytes, of four pages at most, can be read now. Never enters libc. */
bool mf_unwind_can_read(uint64_t start, uint64_t end);

/* Whether valgrind interprets this program, and maps memory of its own beside it. Known from mf_unwind_start
 * on. */
bool mf_unwind_is_on_valgrind(void);

/* Makes what _dl_find_object told of a loaded object all of it: of the program itself it tells one segment,
 * if there are gaps between them. Never enters libc. */
void mf_unwind_complete(const void *eh_frame_hdr, uint64_t *start, uint64_t *end);

/*
 * The range is unmapped, mapped over or made unreadable (munmap, MAP_FIXED, mremap, shmdt, a lower brk,
 * mprotect without PROT_READ, MADV_GUARD_INSTALL): nothing cached about it is used again. Best called right
 * before the system call, after its own backtrace; costs a few ns if nothing is cached about the range.
 */
void mf_unwind_forget(uint64_t start, uint64_t end);

/* The program made the range executable, and it is no library: a JIT's code is looked for there alone. */
void mf_unwind_note_code(uint64_t start, uint64_t end);

#ifdef __cplusplus
}
#endif

#endif

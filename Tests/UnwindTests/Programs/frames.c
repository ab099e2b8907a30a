/* Frames whose size only the run knows: alloca, variable-length arrays, realigned (DRAP), huge. */
#include <alloca.h>

#include "oracle.h"

static void use(void *memory)
{
	__asm__ volatile("" : : "r"(memory) : "memory");
}

static NOINLINE void with_alloca(size_t size)
{
	use(alloca(size));
	check("alloca");
	KEEP_FRAME();
}

static NOINLINE void with_array(size_t size)
{
	char array[size];

	use(array);
	with_alloca(size * 2);
	KEEP_FRAME();
}

/* Realigned and of unknown size: gcc addresses the arguments through a saved copy of r10 (DRAP). */
static NOINLINE int with_drap(size_t size, int a, int b, int c, int d, int e, int on_stack, int on_stack_too)
{
	char aligned[64] __attribute__((aligned(64)));

	use(aligned);
	use(alloca(size));
	with_array(size);
	return a + b + c + d + e + on_stack + on_stack_too;
}

__attribute__((noinline, force_align_arg_pointer)) static void with_realignment(size_t size)
{
	with_drap(size, 1, 2, 3, 4, 5, 6, 7);
	KEEP_FRAME();
}

static NOINLINE void with_huge_frame(size_t size)
{
	char huge[100000];

	use(huge);
	with_realignment(size);
	KEEP_FRAME();
}

/* All callee-saved registers hold something that is needed afterwards. */
static NOINLINE long with_registers(long a, long b, long c, long d, long e, long f)
{
	long g = a * b, h = c * d, i = e * f;

	with_huge_frame((size_t)a);
	g += h ^ i;
	with_huge_frame((size_t)(a + 8));
	return a + b * c - d + e * f + g * h - i;
}

int main(int count, char **arguments)
{
	(void)arguments;
	mf_unwind_start();
	for (long size = count; size < 5000; size += 333)
		use((void *)with_registers(size, 2, 3, 4, 5, 6));
	return verdict(30);
}

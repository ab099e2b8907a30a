/* Deep recursion, below and above the depth limit. */
#include "oracle.h"

static NOINLINE int descend(int depth)
{
	volatile char local[40];

	local[depth % 40] = 1;
	if (depth == 0)
		check("bottom");
	else
		descend(depth - 1);
	return local[0];
}

int main(void)
{
	mf_unwind_start();
	for (int depth = 0; depth < 300; depth += 7)
		descend(depth);
	return verdict(40) || deepest != MF_UNWIND_DEPTH_MAX;
}

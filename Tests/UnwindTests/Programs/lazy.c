/* While ld.so binds a call lazily: its trampoline's frame address is kept in rbx. Needs lazy_library.so. */
#include "oracle.h"

extern int resolved(void);

__attribute__((visibility("default"))) void check_from_library(const char *where)
{
	static int started;

	if (!started++)
		mf_unwind_start();
	check(where);
	KEEP_FRAME();
}

static NOINLINE int call(void)
{
	int result = resolved();

	KEEP_FRAME();
	return result;
}

int main(void)
{
	return call() != 42 || call() != 42 || verdict(3);
}

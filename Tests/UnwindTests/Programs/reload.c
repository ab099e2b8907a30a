/* A library is closed and another one takes its place: no row of the first may be used for the second. */
#include <dlfcn.h>
#include <link.h>

#include "oracle.h"

static struct mf_backtrace seen;

static NOINLINE void callee(void)
{
	struct mf_registers registers;

	mf_unwind_capture(&registers);
	seen.count = mf_unwind(&registers, seen.addresses, MF_UNWIND_DEPTH_MAX, &seen.cut);
	check("from the library");
}

/* Runs the library and returns where it was called back from. */
static uint64_t run(const char *path, struct mf_backtrace *trace, uint64_t *start)
{
	void *library = dlopen(path, RTLD_NOW);
	void (*function)(void (*)(void)) = (void (*)(void (*)(void)))dlsym(library, "run");

	function(callee);
	*trace = seen;
	*start = ((struct link_map *)library)->l_addr;
	dlclose(library);
	return seen.addresses[0];
}

int main(int count, char **arguments)
{
	uint64_t start, again;
	struct mf_backtrace first, second;
	int forgets = count < 4;

	mf_unwind_start();
	unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
	run(arguments[1], &first, &start); /* libunwind maps what it needs */
	uint64_t place = run(arguments[1], &first, &start);

	if (forgets)
		mf_unwind_forget(start, start + 0x4000);
	uint64_t same_place = run(arguments[2], &second, &again);

	printf("same place %d, frames %zu and %zu, cut %d\n", place == same_place, first.count, second.count,
	       second.cut);
	return verdict(3) || place != same_place || first.count != second.count;
}

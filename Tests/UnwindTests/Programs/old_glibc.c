/* As on a glibc without _dl_find_object: the modules that were there at start are known. */
#include <dlfcn.h>

#include "oracle.h"

static int asked;

void *dlsym(void *handle, const char *name)
{
	(void)handle;
	asked += strcmp(name, "_dl_find_object") == 0;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	check("compare");
	return *(const int *)a - *(const int *)b;
}

int main(void)
{
	int numbers[4] = {4, 3, 2, 1};

	mf_unwind_start();
	qsort(numbers, 4, sizeof(int), compare);
	return verdict(4) || asked != 1;
}

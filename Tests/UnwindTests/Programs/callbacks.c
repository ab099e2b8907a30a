/* From callbacks out of libc and ld.so, from constructors, and while the process and threads end. */
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <pthread.h>
#include <search.h>
#include <unistd.h>

#include "oracle.h"

__attribute__((constructor)) static void constructor(void)
{
	mf_unwind_start();
	check("constructor");
	KEEP_FRAME();
}

static int compare(const void *a, const void *b)
{
	check("compare");
	return *(const int *)a - *(const int *)b;
}

static void once(void)
{
	check("pthread_once");
	KEEP_FRAME();
}

static int each_object(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info, (void)size, (void)data;
	check("dl_iterate_phdr");
	return 0;
}

static void each_node(const void *node, VISIT visit, int depth)
{
	(void)node, (void)visit, (void)depth;
	check("twalk");
	KEEP_FRAME();
}

static int each_file(const char *path, const struct stat *status, int flag, struct FTW *state)
{
	(void)path, (void)status, (void)flag, (void)state;
	check("nftw");
	return 0;
}

static ssize_t write_cookie(void *cookie, const char *text, size_t size)
{
	(void)cookie, (void)text;
	check("stdio cookie");
	return (ssize_t)size;
}

static void thread_specific(void *value)
{
	(void)value;
	check("a dying thread's destructor");
	KEEP_FRAME();
}

static void cancelled(void *value)
{
	(void)value;
	check("cancellation handler");
	KEEP_FRAME();
}

static void *thread(void *key)
{
	check("thread");
	pthread_setspecific(*(pthread_key_t *)key, key);
	pthread_cleanup_push(cancelled, NULL);
	pthread_cancel(pthread_self());
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static void at_exit(void)
{
	check("atexit");
	_exit(verdict(60));
}

int main(void)
{
	int numbers[16] = {5, 4, 8, 2, 9, 1, 7, 3, 6, 0, 15, 11, 13, 12, 14, 10}, key = 7;
	pthread_once_t control = PTHREAD_ONCE_INIT;
	pthread_key_t specific;
	pthread_t id;
	void *root = NULL;
	FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_cookie});

	qsort(numbers, 16, sizeof(int), compare);
	bsearch(&key, numbers, 16, sizeof(int), compare);
	for (int each = 0; each < 4; each++)
		tsearch(&numbers[each], &root, compare);
	twalk(root, each_node);
	pthread_once(&control, once);
	dl_iterate_phdr(each_object, NULL);
	nftw("/proc/self/task", each_file, 8, FTW_PHYS);
	fprintf(file, "%d %s\n", 1, "text");
	fclose(file);
	pthread_key_create(&specific, thread_specific);
	pthread_create(&id, NULL, thread, &specific);
	pthread_join(id, NULL);
	atexit(at_exit);
	return 1;
}

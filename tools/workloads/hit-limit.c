/*
 * Makes VMAs by one kind of call until a call fails or it has made COUNT of them, and says which call failed:
 * a line "BEGIN_NS CALL ERRNO NUMBER", or "none". The same arguments give the same calls. USE: hit-limit KIND
 * COUNT       KIND: map protect hole dontfork lock replace move move-fixed brk (build: cc -O1 -g hit-limit.c)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, READ_WRITE = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static const char *failed; /* the call that failed, NULL: none so far */
static int failed_errno;
static long failed_number;
static uint64_t failed_begin, begin;
static long number;

static void start_call(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	begin = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	number++;
}

static void check(int bad, const char *call)
{
	if (!bad || failed)
		return;
	failed_errno = errno;
	failed = call;
	failed_number = number;
	failed_begin = begin;
}

/* Two mappings that differ in rights never merge. */
static void map_one(char *area, long i)
{
	start_call();
	int rights = i & 1 ? PROT_READ : READ_WRITE;
	void *page = mmap(area + i * PAGE, PAGE, rights, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);
	check(page == MAP_FAILED, "mmap");
}

static void protect_one(char *area, long i)
{
	start_call();
	check(mprotect(area + (2 * i + 1) * PAGE, PAGE, PROT_NONE), "mprotect");
}

static void punch_one(char *area, long i)
{
	start_call();
	check(munmap(area + (2 * i + 1) * PAGE, PAGE), "munmap");
}

static void advise_one(char *area, long i)
{
	start_call();
	check(madvise(area + (2 * i + 1) * PAGE, PAGE, MADV_DONTFORK), "madvise");
}

static void lock_one(char *area, long i)
{
	start_call();
	check(mlock(area + (2 * i + 1) * PAGE, PAGE), "mlock");
}

/* Replaces the middle of a VMA by a page with other rights. */
static void replace_one(char *area, long i)
{
	start_call();
	void *page = mmap(area + (2 * i + 1) * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
	check(page == MAP_FAILED, "mmap");
}

/* Moves every other page of the area out, by growing where nothing is free. What moves was written, so that
 * it keeps its offset and merges with nothing where it lands. */
static void move_one(char *area, long i)
{
	area[(2 * i + 1) * PAGE] = 1;
	start_call();
	void *page = mremap(area + (2 * i + 1) * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	check(page == MAP_FAILED, "mremap");
}

static void move_fixed_one(char *area, long i)
{
	area[(2 * i + 1) * PAGE] = 1;
	start_call();
	void *page = mremap(area + (2 * i + 1) * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    area + (200000 + 2 * i) * PAGE);
	check(page == MAP_FAILED, "mremap");
}

/* Grows the heap by a page and cuts it off by its rights, so that the next page is a VMA of its own. */
static void brk_one(char *area, long i)
{
	char *top = sbrk(0);

	(void)area;
	(void)i;
	start_call();
	if (brk(top + PAGE) != 0)
		check(1, "brk");
	else {
		start_call();
		check(mprotect(top, PAGE, (i & 1) ? PROT_READ : PROT_NONE), "mprotect");
	}
}

typedef void (*maker)(char *, long);

static const struct {
	const char *name;
	maker make;
	int needs_memory;
} kinds[] = {
    {"map", map_one, 0},    {"protect", protect_one, 1},
    {"hole", punch_one, 1}, {"dontfork", advise_one, 1},
    {"lock", lock_one, 1},  {"replace", replace_one, 1},
    {"move", move_one, 1},  {"move-fixed", move_fixed_one, 1},
    {"brk", brk_one, 0},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* A reservation with nothing in it, or filled with one VMA. */
static char *area_for(int kind)
{
	size_t size = (size_t)420000 * PAGE;
	char *area = mmap(NULL, size, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		exit(2);
	munmap(area, size);
	if (kinds[kind].needs_memory && mmap(area, (size_t)200000 * PAGE, READ_WRITE,
					     PRIVATE | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		exit(2);
	return area;
}

static int kind_named(const char *name)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (!strcmp(kinds[kind].name, name))
			return kind;
	exit(64);
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 64;
	int kind = kind_named(arguments[1]);
	char *area = area_for(kind);

	for (long i = 0; i < atol(arguments[2]) && !failed; i++)
		kinds[kind].make(area, i);
	char line[128];
	int size = failed ? snprintf(line, sizeof line, "%llu %s %s %ld\n", (unsigned long long)failed_begin,
				     failed, strerrorname_np(failed_errno), failed_number)
			  : snprintf(line, sizeof line, "none\n");
	return write(1, line, (size_t)size) == size ? 0 : 1;
}

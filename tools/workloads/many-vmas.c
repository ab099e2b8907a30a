/*
 * Keeps a given number of VMAs alive while it makes a given number of calls: pages of one reservation change
 * their rights at random places, so VMAs are split, merged, moved and unmapped all the time. USE: many-vmas
 * LIVE CALLS [SEED]      (build: cc -O1 -g many-vmas.c)
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void fail(const char *call)
{
	perror(call);
	exit(1);
}

/* Pages 0, 2, 4, ... of the area are mapped, the others are holes: one VMA for each. */
static void change(char *area, long live)
{
	char *page = area + next_random() % (uint64_t)live * 2 * PAGE;
	switch (next_random() % 4) {
	case 0:
		if (munmap(page, PAGE) != 0)
			fail("munmap");
		if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) != page)
			fail("mmap");
		break;
	case 1:
		if (mmap(page + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    page + PAGE)
			fail("mmap");
		if (munmap(page + PAGE, PAGE) != 0)
			fail("munmap");
		break;
	default:
		if (mprotect(page, PAGE, PROT_READ) != 0 || mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
			fail("mprotect");
	}
}

int main(int count, char **arguments)
{
	if (count < 3) {
		fprintf(stderr, "use: many-vmas LIVE CALLS [SEED]\n");
		return 64;
	}
	long live = atol(arguments[1]), calls = atol(arguments[2]);
	state = count > 3 ? strtoull(arguments[3], NULL, 0) | 1 : 88172645463325252ULL;
	char *area = mmap(NULL, (size_t)live * 2 * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		fail("mmap");
	munmap(area, (size_t)live * 2 * PAGE);
	for (long i = 0; i < live; i++)
		if (mmap(area + i * 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
			fail("mmap");
	for (long made = live + 2; made + 2 <= calls; made += 2)
		change(area, live);
	printf("%ld VMAs kept alive through %ld calls\n", live, calls);
	return 0;
}

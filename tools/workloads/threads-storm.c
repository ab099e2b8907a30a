/*
 * Threads that map, unmap and protect at full speed, and at the end the list of VMAs as the kernel has it.
 * USE: threads-storm SECONDS [THREADS [apart|together]]      (build: cc -O1 -g -pthread threads-storm.c)
 *
 * Each thread maps where the kernel likes and unmaps again, so that addresses pass from thread to thread;
 * allocates and frees; and changes one area that all share. `apart`: a page of it belongs to one thread, but
 * its neighbours to others, so that VMAs merge and split across threads. `together`: any page is any
 * thread's. The area never has a hole, where the kernel would put something that the next MAP_FIXED takes
 * away. Prints the time (CLOCK_MONOTONIC, ns) on the first line, then /proc/self/maps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, AREA_PAGES = 512, THREADS_MAX = 64, HELD = 16 };

static char *area;
static volatile int stop;
static long threads = 8;
static int together;
static char page[1 << 16];

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static char *choose_page(uint64_t *state, long thread)
{
	uint64_t index = next_random(state) % AREA_PAGES;

	if (!together)
		index = index / (uint64_t)threads * (uint64_t)threads + (uint64_t)thread;
	return area + index % AREA_PAGES * PAGE;
}

static void change_area(uint64_t *state, long thread)
{
	char *at = choose_page(state, thread);
	int rights = next_random(state) & 1 ? PROT_READ : PROT_READ | PROT_WRITE;

	switch (next_random(state) % 3) {
	case 0:
		mmap(at, PAGE, rights, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	default:
		mprotect(at, PAGE, rights & PROT_WRITE ? PROT_NONE : PROT_READ);
	}
}

struct held {
	char *start;
	size_t size;
};

static void change_held(struct held *held, uint64_t *state)
{
	if (held->start) {
		munmap(held->start, held->size);
		held->start = NULL;
		return;
	}
	held->size = (1 + next_random(state) % 8) * PAGE;
	held->start =
	    mmap(NULL, held->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (held->start == MAP_FAILED)
		abort();
}

static void *storm(void *argument)
{
	long thread = (long)argument;
	uint64_t state = 88172645463325252ULL + (uint64_t)thread * 7919;
	struct held held[HELD] = {{NULL, 0}};
	void *block = NULL;

	while (!stop) {
		change_held(&held[next_random(&state) % HELD], &state);
		change_area(&state, thread);
		free(block);
		block = malloc(PAGE + next_random(&state) % (512 * 1024));
		if (block)
			memset(block, 1, PAGE / 4);
	}
	free(block);
	return NULL;
}

static void tell(void)
{
	struct timespec now;
	ssize_t count;
	int maps = open("/proc/self/maps", O_RDONLY);

	clock_gettime(CLOCK_MONOTONIC, &now);
	dprintf(1, "%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
	while ((count = read(maps, page, sizeof page)) > 0)
		if (write(1, page, (size_t)count) != count)
			_exit(1);
}

int main(int count, char **arguments)
{
	pthread_t ids[THREADS_MAX];

	if (count < 2)
		return 64;
	if (count > 2)
		threads = atol(arguments[2]);
	if (threads < 1 || threads > THREADS_MAX)
		return 64;
	together = count > 3 && strcmp(arguments[3], "together") == 0;
	area = mmap(NULL, AREA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, storm, (void *)i);
	sleep((unsigned)atoi(arguments[1]));
	stop = 1;
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	tell();
	return 0;
}

/*
 * Makes random calls on an area of its own until it is killed, and says through its standard output, before
 * and after each, what it is about to do and what came of it: 32 bytes each, so that nothing finished can be
 * lost. USE: until-killed SEED | reader      (build: cc -O1 -g until-killed.c)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 512, PAUSE = 60000 };

struct message {
	uint64_t finished; /* 0 before the call, 1 after it */
	uint64_t call;	   /* 1 mmap, 2 munmap, 3 mprotect: the log's numbers */
	uint64_t address;
	uint64_t length;
};

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void say(struct message message, uint64_t finished)
{
	message.finished = finished;
	if (write(STDOUT_FILENO, &message, sizeof message) != sizeof message)
		_exit(1);
}

static void make(struct message message)
{
	char *address = (char *)message.address;
	switch (message.call) {
	case 1:
		if (mmap(address, message.length, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
			memset(address, 1, message.length);
		break;
	case 2:
		munmap(address, message.length);
		break;
	case 3:
		mprotect(address, message.length, next_random() % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
	}
}

int main(int count, char **arguments)
{
	state = (count > 1 ? strtoull(arguments[1], NULL, 0) : 1) * 0x9E3779B97F4A7C15ULL | 1;
	char *area = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	munmap(area, PAGES * PAGE);
	for (;;) {
		uint64_t page = next_random() % (PAGES - 8);
		struct message message = {.call = 1 + next_random() % 3,
					  .address = (uint64_t)area + page * PAGE,
					  .length = (1 + next_random() % 8) * PAGE};
		say(message, 0);
		make(message);
		say(message, 1);
		/* So that most kills fall between two calls, where the list read from outside has one
		 * meaning. */
		for (volatile int i = 0; i < PAUSE; i++)
			;
	}
}

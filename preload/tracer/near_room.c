#define _GNU_SOURCE
#include "near_room.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "log.h"

enum { PAGE = 4096, STEP = 64 << 10, TRIES = 64 };

/* A program that is not to be loaded anywhere may count on what lies below it (emulators do). */
#define ANYWHERE (1ULL << 32)

/* Kernels before 4.17 do not know MAP_FIXED_NOREPLACE, and take the address for a hint. */
static bool map_at(uint64_t place)
{
	long page = raw_syscall6(SYS_mmap, (long)place, PAGE, PROT_READ | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (page > 0 && (uint64_t)page != place)
		raw_syscall2(SYS_munmap, page, PAGE);
	return (uint64_t)page == place;
}

bool near_room_map(uint64_t start, struct stub_room *room)
{
	uint64_t place = start & ~(uint64_t)(STEP - 1);
	if (start < ANYWHERE)
		return false;
	for (int i = 0; i < TRIES; i++) {
		place -= STEP;
		if (!map_at(place))
			continue;
		log_add_own_range((const void *)place, PAGE);
		room->start = place;
		room->end = place + PAGE;
		return true;
	}
	return false;
}

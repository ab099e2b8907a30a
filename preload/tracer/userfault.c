#define _GNU_SOURCE
#include "userfault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "call_record.h"
#include "definitions.h"
#include "descriptor_link.h"
#include "process.h"
#include "snapshot.h"
#include "text.h"
#include "watch.h"

enum { REGISTRATIONS_MAX = 64 };

/* A range that was registered; 0 as start: the place is free. More than these are not kept. */
struct registration {
	uint64_t start;
	uint64_t end;
	unsigned descriptor; /* with which it was registered */
	bool is_held;	     /* that one was closed, and another reference keeps the range registered */
};

static struct registration registrations[REGISTRATIONS_MAX];
static unsigned registration_count; /* places that were ever used */
static unsigned held_count;

bool userfault_is(int descriptor)
{
	char target[40];
	if (descriptor_target(descriptor, target, sizeof target) == -EPERM) /* a filter forbids to ask */
		return true;
	return text_equal(target, "anon_inode:[userfaultfd]");
}

/* Takes a free place by its start; a reader sees either nothing or a whole registration but for an instant in
 * which its descriptor is none. */
static void add(uint64_t start, uint64_t end, unsigned descriptor)
{
	for (unsigned i = 0; i < REGISTRATIONS_MAX; i++) {
		uint64_t free_place = 0;
		struct registration *place = &registrations[i];
		if (!__atomic_compare_exchange_n(&place->start, &free_place, start, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		place->end = end;
		place->is_held = false;
		__atomic_store_n(&place->descriptor, descriptor, __ATOMIC_RELEASE);
		if (registration_count <= i)
			__atomic_store_n(&registration_count, i + 1, __ATOMIC_RELEASE);
		return;
	}
}

static void release(struct registration *place)
{
	if (place->is_held)
		held_count--;
	place->is_held = false;
	__atomic_store_n(&place->descriptor, ~0U, __ATOMIC_RELAXED);
	__atomic_store_n(&place->start, 0, __ATOMIC_RELEASE);
}

void userfault_note(enum mf_call_number kind, const uint64_t arguments[6])
{
	uint64_t start = arguments[1], end = start + arguments[2];
	unsigned count = __atomic_load_n(&registration_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++)
		if (registrations[i].start >= start && registrations[i].start < end)
			release(&registrations[i]);
	if (kind == MF_CALL_USERFAULTFD_REGISTER)
		add(start, end, (unsigned)arguments[0]);
}

static bool is_among(const struct registration *place, unsigned first, unsigned last)
{
	return place->start && place->descriptor >= first && place->descriptor <= last;
}

bool userfault_knows(unsigned first, unsigned last)
{
	unsigned count = __atomic_load_n(&registration_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++)
		if (is_among(&registrations[i], first, last) && !registrations[i].is_held)
			return true;
	/* A copy that holds ranges is known only by what it is. */
	return held_count && (first != last || userfault_is((int)first));
}

/* Another reference (a copy of the descriptor, here or in a child) keeps them registered: the kernel is
 * asked. */
static bool is_held(unsigned descriptor)
{
	for (unsigned i = 0; i < registration_count; i++)
		if (is_among(&registrations[i], descriptor, descriptor) &&
		    snapshot_flags_at(registrations[i].start) & snapshot_flag_bits("umuiuw"))
			return true;
	return false;
}

static void forget(unsigned descriptor)
{
	for (unsigned i = 0; i < registration_count; i++)
		if (is_among(&registrations[i], descriptor, descriptor))
			release(&registrations[i]);
}

static void mark_held(unsigned descriptor)
{
	for (unsigned i = 0; i < registration_count; i++) {
		if (!is_among(&registrations[i], descriptor, descriptor) || registrations[i].is_held)
			continue;
		registrations[i].is_held = true;
		held_count++;
	}
}

static void record_release(unsigned descriptor, const struct mf_registers *registers, uint64_t begin,
			   uint64_t end)
{
	struct call call = {.number = SYS_close,
			    .arguments = {descriptor},
			    .registers = registers,
			    .caught = MF_CALL_BY_SYMBOL};
	forget(descriptor);
	call_write(&(struct made_call){.call = &call,
				       .kind = MF_CALL_USERFAULTFD_CLOSE,
				       .stack = registers ? define_stack(registers) : 0,
				       .begin = begin,
				       .end = end});
	watch_settle();
}

void userfault_closed(unsigned first, unsigned last, const struct mf_registers *registers, uint64_t begin)
{
	if (!process_is_recording() || tracer.process != (uint32_t)raw_syscall0(SYS_getpid))
		return;
	uint64_t end = tracer_now();
	for (unsigned i = 0; i < registration_count; i++) {
		unsigned descriptor = registrations[i].descriptor;
		if (!is_among(&registrations[i], first, last) && !registrations[i].is_held)
			continue;
		if (is_held(descriptor))
			mark_held(descriptor);
		else
			record_release(descriptor, registers, begin, end);
	}
}

void userfault_look(void)
{
	if (__builtin_expect(held_count != 0, 0))
		userfault_closed(1, 0, NULL, tracer_now());
}

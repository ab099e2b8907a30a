/*
 * A filter that this image installs is interpreted (preload/sandbox). One that was there when the image was
 * executed cannot be read any more: then what the image before it found out comes along in the environment,
 * as MAPFRAY_SECCOMP=COUNT:PERMITTED, and holds if the kernel counts as many filters, for a filter never goes
 * away.
 */
#define _GNU_SOURCE
#include "confinement.h"

#include <sys/syscall.h>

#include "definitions.h"
#include "environment.h"
#include "text.h"

static uint64_t filter_count; /* in force */
static bool is_inherited;     /* they were there at the start */
static bool is_by_dispatch;   /* no filter: dispatch.h */
static bool has_notes;	      /* the log says what is forbidden */

struct filters {
	uint64_t mode;	/* 0: none, MF_UNKNOWN: /proc does not tell */
	uint64_t count; /* since Linux 5.9 */
};

/* ld.so has just opened, read and closed files in this very way, so no filter kills for it. */
static struct filters filters_of(const char *path)
{
	char bytes[2048];
	text_read_file(path, bytes, sizeof bytes);
	return (struct filters){text_number_after(bytes, "Seccomp:", MF_UNKNOWN),
				text_number_after(bytes, "Seccomp_filters:", MF_UNKNOWN)};
}

/* COUNT alone: as many filters as there were in a process that did all this under them. */
static uint64_t announced_count(const char *text, uint64_t *permitted)
{
	uint64_t count = text_number(&text, 10);
	*permitted = ~0ULL;
	if (*text++ == ':')
		*permitted = text_number(&text, 16);
	return count;
}

/* The filters of a whole container, which its runtime installed: they refuse, and do not kill. */
static bool are_everybodys(uint64_t count)
{
	return count < MF_UNKNOWN && filters_of("/proc/1/status").count == count;
}

bool confinement_start(char *const *environment)
{
	const char *text = environment_value(environment, "MAPFRAY_SECCOMP");
	uint64_t permitted = ~0ULL, count = text ? announced_count(text, &permitted) : 0;
	struct filters filters = filters_of("/proc/self/status");
	if (filters.mode == 0 || (filters.mode == MF_UNKNOWN && !text))
		return true;
	/* Without /proc, or before Linux 5.9, there is only what the image before knew. */
	bool is_known = text && (filters.count == count || filters.count == MF_UNKNOWN);
	if (!is_known && !are_everybodys(filters.count))
		return false;
	filter_count = is_known ? count : filters.count;
	is_inherited = true;
	if (is_known && ~permitted)
		mf_sandbox_enter(permitted);
	environment_announce(filter_count, mf_sandbox.permitted);
	return true;
}

/* --- what can be done --- */

static bool allows(const uint16_t *numbers)
{
	for (; *numbers != UINT16_MAX; numbers++)
		if (!mf_sandbox_permits_all(*numbers))
			return false;
	return true;
}

#define ALLOWS(...) allows((const uint16_t[]){__VA_ARGS__, UINT16_MAX})

bool confinement_allows_spill(void)
{
	return ALLOWS(SYS_pwrite64, SYS_fstat, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigtimedwait);
}

bool confinement_allows_lists(void)
{
	return ALLOWS(SYS_lseek, SYS_read, SYS_fstat);
}

bool confinement_allows_query(void)
{
	return ALLOWS(SYS_ioctl);
}

bool confinement_allows_log(void)
{
	return confinement_allows_spill() &&
	       ALLOWS(SYS_getpid, SYS_openat, SYS_close, SYS_fcntl, SYS_mmap, SYS_madvise, SYS_unlinkat);
}

static bool allows_redirection(void)
{
	return ALLOWS(SYS_newfstatat, SYS_openat, SYS_pread64, SYS_pwrite64, SYS_close);
}

void confinement_count_filter(void)
{
	environment_announce(++filter_count, mf_sandbox.permitted);
}

void confinement_by_dispatch(void)
{
	is_by_dispatch = true;
}

void confinement_adapt(void)
{
	if (!confinement_allows_spill())
		mf_ring_confine(&tracer.ring);
	if (!confinement_allows_query())
		tracer.has_query = false;
	if (!ALLOWS(SYS_rt_sigprocmask))
		mf_unwind_confine();
	if (!ALLOWS(SYS_clock_gettime))
		tracer_confine_clock();
	/* Where the ring may be overwritten, this is said at the end. */
	if (confinement_allows_spill())
		confinement_write_notes();
}

/* --- what is said of it --- */

static void add_loss(struct text *text, size_t begin, const char *loss)
{
	text_add(text, text->length == begin ? " " : ", ");
	text_add(text, loss);
}

static const char *who_forbids(void)
{
	if (is_by_dispatch)
		return "the program has its system calls dispatched to itself, in a way";
	return is_inherited ? "the program runs under a seccomp filter"
			    : "the program installed a seccomp filter";
}

void confinement_write_notes(void)
{
	const char *who = who_forbids();
	char bytes[320];
	struct text text = text_over(bytes, sizeof bytes);
	if (!mf_sandbox_is_confined() || has_notes)
		return;
	has_notes = confinement_allows_spill();
	text_add(&text, who);
	text_add(&text, " that forbids to");
	size_t begin = text.length;
	if (!confinement_allows_spill())
		add_loss(&text, begin, "write what the ring cannot hold");
	if (!confinement_allows_log())
		add_loss(&text, begin, "record its children");
	if (!allows_redirection())
		add_loss(&text, begin, "see libraries' own calls that are loaded later");
	if (!ALLOWS(SYS_rt_sigprocmask))
		add_loss(&text, begin, "follow stacks to new pages");
	if (!confinement_allows_query())
		add_loss(&text, begin, "ask the kernel what became of a VMA");
	if (text.length > begin)
		define_note(MF_NOTE_NOT_COVERED, bytes);
	if (confinement_allows_lists())
		return;
	text = text_over(bytes, sizeof bytes);
	text_add(&text, who);
	text_add(&text, " that forbids to read the list of VMAs: no snapshot was taken after it");
	define_note(MF_NOTE_SNAPSHOT_SKIPPED, bytes);
}

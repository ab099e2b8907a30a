#define _GNU_SOURCE
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

#include "raw_syscall.h"
#include "text.h"

enum { SETTINGS_MAX = 8, PRELOAD_MAX = 4096 };

static const char *const names[] = {"MAPFRAY_OUTPUT",	       "MAPFRAY_RING",	   "MAPFRAY_DEPTH",
				    "MAPFRAY_FLIGHT_RECORDER", "MAPFRAY_FOLLOW",   "MAPFRAY_RULES",
				    "MAPFRAY_STUBS",	       "MAPFRAY_MAX_SPILL"};

/* Written at the start alone: a vfork child shares this memory. */
static char strings[8192];
static const char *settings[SETTINGS_MAX]; /* NAME=VALUE each */
static size_t setting_count;
static char library[4096];

/* NAME=VALUE. Written in turns: another thread, or a vfork child, may be reading the one before. */
static char announcements[2][64];
static const char *announcement; /* NULL: there is nothing to say */
#define ANNOUNCED "MAPFRAY_SECCOMP"

static bool is_variable(const char *entry, const char *name)
{
	return text_begins(entry, name) && entry[text_length(name)] == '=';
}

/* The entry of that name, or NULL. */
static const char *find(char *const *environment, const char *name)
{
	for (; *environment; environment++)
		if (is_variable(*environment, name))
			return *environment;
	return NULL;
}

void environment_start(char *const *environment, const char *path)
{
	struct text text = text_over(strings, sizeof strings), name = text_over(library, sizeof library);
	for (size_t i = 0; environment && i < sizeof names / sizeof names[0]; i++) {
		const char *entry = find(environment, names[i]);
		if (!entry || text.length + text_length(entry) + 2 > sizeof strings)
			continue;
		settings[setting_count++] = text.bytes + text.length;
		text_add_bytes(&text, entry, text_length(entry) + 1);
	}
	if (path[0] == '/' && text_length(path) < sizeof library)
		text_add(&name, path);
}

const char *environment_value(char *const *environment, const char *name)
{
	const char *entry = environment ? find(environment, name) : NULL;
	return entry ? entry + text_length(name) + 1 : NULL;
}

void environment_announce(uint64_t filters, uint64_t permitted)
{
	struct text text =
	    text_over(announcements[announcement == announcements[0]], sizeof announcements[0]);
	text_add(&text, ANNOUNCED "=");
	text_add_number(&text, filters);
	text_add(&text, ":");
	text_add_hexadecimal(&text, permitted);
	__atomic_store_n(&announcement, text.bytes, __ATOMIC_RELEASE);
}

/* Asked as for a signal mask, with an action that does not exist. So does the unwinder (mf_arch_probe), which
 * knows of no filter: nobody tells it of one in a process that is not recorded. */
bool environment_can_read(const void *address)
{
	return raw_syscall4(SYS_rt_sigprocmask, ~0L, (long)address, 0, 8) == -EINVAL;
}

/* The number of entries; -1 if the list cannot be read, which is for the kernel to tell the program. */
static long count(char *const *environment)
{
	long number = 0;
	if (!environment)
		return 0;
	for (; environment_can_read(&environment[number]); number++) {
		if (!environment[number])
			return number;
		if (!environment_can_read(environment[number]))
			return -1;
	}
	return -1;
}

static bool holds(const char *text, const char *part)
{
	for (; *text; text++)
		if (text_begins(text, part))
			return true;
	return false;
}

static bool is_complete(char *const *environment)
{
	const char *preload = find(environment, "LD_PRELOAD");
	const char *announced = find(environment, ANNOUNCED);
	return preload && holds(preload, library) && find(environment, "MAPFRAY_OUTPUT") &&
	       (!announcement || (announced && text_equal(announced, announcement)));
}

/* Our library first, then what the program wants preloaded. False if there is no place for it. */
static bool make_preload(const char *theirs, struct environment *made)
{
	struct text text = text_over(made->preload, made->preload_size);
	size_t length = theirs ? text_length(theirs) : 0;
	if (text_length(library) + length + 16 > made->preload_size)
		return false;
	text_add(&text, "LD_PRELOAD=");
	text_add(&text, library);
	if (theirs && theirs[11]) {
		text_add(&text, ":");
		text_add(&text, theirs + 11);
	}
	return true;
}

/* In a chroot, say, after a change of user, or under Landlock, which leaves access(2) alone: there the loader
 * would complain of it. */
static bool is_reachable(void)
{
	if (!mf_sandbox_permits_all(SYS_openat))
		return true;
	long file = raw_syscall4(SYS_openat, AT_FDCWD, (long)library, O_RDONLY | O_CLOEXEC, 0);
	if (file >= 0)
		raw_syscall1(SYS_close, file);
	return file >= 0 || file == -EMFILE || file == -ENFILE;
}

/* What the program wants preloaded, without our library. */
static void make_preload_without(const char *theirs, struct environment *made)
{
	struct text text = text_over(made->preload, made->preload_size);
	size_t length = text_length(library);
	text_add(&text, "LD_PRELOAD=");
	for (const char *at = theirs + 11; *at;) {
		size_t size = 0;
		while (at[size] && at[size] != ':' && at[size] != ' ')
			size++;
		if (size && !(size == length && text_begins(at, library))) {
			text_add(&text, text.length > 11 ? ":" : "");
			text_add_bytes(&text, at, size);
		}
		at += size + (at[size] != 0);
	}
	if (text.length == 11)
		made->preload[0] = 0;
}

/* The list without `old`, which may be NULL, and with another entry in its place if `made->preload` is one.
 */
static size_t replace_preload(char *const *environment, const char *old, struct environment *made)
{
	size_t size = 0;
	for (; *environment; environment++)
		if (*environment != old && (!announcement || !is_variable(*environment, ANNOUNCED)))
			made->entries[size++] = *environment;
	if (announcement)
		made->entries[size++] = announcement;
	if (made->preload[0])
		made->entries[size++] = made->preload;
	made->entries[size] = NULL;
	return size;
}

static bool has_setting(char *const *environment, const char *setting)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (is_variable(setting, names[i]))
			return find(environment, names[i]) != NULL;
	return false;
}

static void add_settings(struct environment *made, size_t size)
{
	for (size_t i = 0; i < setting_count; i++) {
		if (!has_setting((char *const *)made->entries, settings[i]))
			made->entries[size++] = settings[i];
		made->entries[size] = NULL;
	}
}

static bool is_preload(const char *entry)
{
	return is_variable(entry, "LD_PRELOAD");
}

static size_t list_size(char *const *environment)
{
	long number = library[0] && setting_count ? count(environment) : -1;
	if (number < 0 || number > ENVIRONMENT_MAX)
		return 0;
	return ((size_t)number + SETTINGS_MAX + 3) * sizeof(char *);
}

bool environment_is_too_long(char *const *environment)
{
	return library[0] && setting_count && count(environment) > ENVIRONMENT_MAX;
}

size_t environment_room(char *const *environment)
{
	size_t size = list_size(environment), longest = 0;
	if (!size)
		return 0;
	for (; environment && *environment; environment++)
		if (is_preload(*environment) && text_length(*environment) > longest)
			longest = text_length(*environment);
	return longest < PRELOAD_MAX ? size + text_length(library) + longest + 16 : 0;
}

struct environment environment_in(void *room, size_t size, char *const *environment)
{
	size_t list = list_size(environment);
	return (struct environment){
	    .entries = room, .preload = (char *)room + list, .preload_size = size - list};
}

bool environment_complete(char *const *environment, enum environment_aim aim, struct environment *made)
{
	static char *const none[] = {NULL};
	environment = environment ? environment : none;
	const char *theirs = find(environment, "LD_PRELOAD");
	bool has_library = theirs && holds(theirs, library);
	if (find(environment, "LD_TRACE_LOADED_OBJECTS")) /* ldd: the loader lists what it would load */
		aim = ENVIRONMENT_WITHOUT;
	bool may_load = aim == ENVIRONMENT_FOLLOWS || (aim == ENVIRONMENT_STAYS && has_library);
	made->lacks_library = may_load && !is_reachable();
	if (has_library && (aim == ENVIRONMENT_WITHOUT || made->lacks_library)) {
		make_preload_without(theirs, made);
		replace_preload(environment, theirs, made);
		return true;
	}
	if (aim != ENVIRONMENT_FOLLOWS || is_complete(environment) || made->lacks_library)
		return false;
	made->preload[0] = 0;
	if (has_library)
		theirs = NULL; /* it stays */
	else if (!make_preload(theirs, made))
		return false;
	add_settings(made, replace_preload(environment, theirs, made));
	return true;
}

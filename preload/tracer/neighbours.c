#define _GNU_SOURCE
#include "neighbours.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/syscall.h>

#include "glibc_only.h"
#include "stubs.h"
#include "text.h"

extern const char hook_names[] __attribute__((visibility("hidden"))); /* in entry_*.S, as hook_next */
extern void *hook_next[] __attribute__((visibility("hidden")));
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* glibc 2.35. */
extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));

static void (*next_exit)(int);

static bool contains(const char *text, const char *part)
{
	for (; *text; text++)
		if (text_begins(text, part))
			return true;
	return false;
}

/* The names that AddressSanitizer itself looks for (compiler-rt, asan_linux.cpp, IsDynamicRTName). */
static bool is_address_sanitizer(const struct link_map *map)
{
	return map->l_name &&
	       (contains(map->l_name, "libasan.so") || contains(map->l_name, "libclang_rt.asan"));
}

static void move_behind(struct link_map *map, struct link_map *last)
{
	map->l_prev->l_next = map->l_next;
	map->l_next->l_prev = map->l_prev;
	map->l_prev = last;
	map->l_next = NULL;
	last->l_next = map;
}

/* This library's entry in ld.so's list. May enter libc. */
static struct link_map *own_entry(void)
{
	struct link_map *own = NULL;
	Dl_info unused;
	return dladdr1(_DYNAMIC, &unused, (void **)&own, RTLD_DL_LINKMAP) ? own : NULL;
}

void neighbours_make_way(void)
{
	struct link_map *own = own_entry(), *map = own, *last = own;
	bool has_sanitizer = false;
	while (map && map->l_prev)
		map = map->l_prev;
	for (; map; last = map, map = map->l_next)
		has_sanitizer |= is_address_sanitizer(map);
	/* The list's order decides nothing but this: symbols are found by their scopes. */
	if (has_sanitizer && own && own->l_prev && own->l_next)
		move_behind(own, last);
}

/* Not in every libc: to look for what is not there makes dlsym allocate its message, and with it the heap. */
static bool is_in_every_libc(const char *name)
{
	static const char *const others[] = {"mseal", "mbind", "pkey_mprotect", "mlock2", "traced_syscall"};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (text_equal(name, others[i]))
			return false;
	return true;
}

/* The library that a function lies in. dladdr would look for the function's name as well: 5 us each. */
static const char *path_of(void *function)
{
	struct dl_find_object found;
	Dl_info info;
	if (!_dl_find_object)
		return dladdr(function, &info) ? info.dli_fname : NULL;
	return _dl_find_object(function, &found) == 0 && found.dlfo_link_map ? found.dlfo_link_map->l_name
									     : NULL;
}

/* The next definition of a function, if it is not libc's. */
static void *neighbour(const char *name)
{
	void *function = is_in_every_libc(name) ? dlsym(RTLD_NEXT, name) : NULL;
	const char *path = function ? path_of(function) : NULL;
	return path && !stubs_is_libc(path) ? function : NULL;
}

/* What goes on behind a neighbour can only be seen below it. */
void neighbours_find(void)
{
	if (!stubs_cover(SYS_mmap))
		return;
	const char *name = hook_names;
	for (size_t i = 0; *name; i++, name += text_length(name) + 1)
		hook_next[i] = neighbour(name);
	next_exit = (void (*)(int))neighbour("_exit");
}

void neighbours_exit(int status)
{
	if (next_exit)
		next_exit(status);
}

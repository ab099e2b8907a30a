#define _GNU_SOURCE
#include "unrecordable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "definitions.h"
#include "environment.h"
#include "privileged.h"
#include "scratch.h"
#include "text.h"

enum { BEGINNING = 4096, NAME = 256, SCRIPTS_MAX = 5 };

/* Of ld.so: the newest version that the library asks of it (_dl_find_object). */
#define NEWEST_VERSION "GLIBC_2.35"

/* A file that is looked at, in a buffer. */
struct image {
	int folder; /* where its path begins, if that is relative */
	const char *path;
	char *bytes; /* its beginning */
	long size;
	char *loader; /* NAME bytes behind them */
};

/* What keeps the library out of a program. */
struct obstacle {
	const char *what; /* NULL: nothing */
	bool is_harmed;	  /* its loader would complain of the library, or fail */
};

static struct stat own_loader; /* of which program loaders are known to be good */

static int note_loader(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size, (void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_INTERP)
			raw_syscall4(SYS_newfstatat, AT_FDCWD,
				     (long)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr),
				     (long)&own_loader, 0);
	return 1; /* the program is the first */
}

void unrecordable_start(void)
{
	dl_iterate_phdr(note_loader, NULL);
}

static long open_file(int folder, const char *path)
{
	return raw_syscall4(SYS_openat, folder, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
}

static long read_part(const struct image *image, char *bytes, size_t size, uint64_t offset)
{
	long file = open_file(image->folder, image->path);
	if (file < 0)
		return file;
	long length = raw_syscall4(SYS_pread64, file, (long)bytes, (long)size, (long)offset);
	raw_syscall1(SYS_close, file);
	return length;
}

static bool is_own_loader(int folder, const char *path)
{
	struct stat facts;
	return raw_syscall4(SYS_newfstatat, folder, (long)path, (long)&facts, 0) == 0 &&
	       facts.st_dev == own_loader.st_dev && facts.st_ino == own_loader.st_ino;
}

static bool holds_version(const char *bytes, long size)
{
	for (long at = 0; at + (long)sizeof NEWEST_VERSION <= size; at++)
		if (bytes[at] == NEWEST_VERSION[0] && text_equal(bytes + at, NEWEST_VERSION))
			return true;
	return false;
}

/* Whether a loader names the version. One that cannot be read is the kernel's to refuse. */
static bool names_version(const struct image *image, int folder, const char *path)
{
	enum { OVERLAP = sizeof NEWEST_VERSION };
	long file = open_file(folder, path), size;
	bool is_good = file < 0;
	for (long at = 0; !is_good; at += size - OVERLAP) {
		size = raw_syscall4(SYS_pread64, file, (long)image->bytes, BEGINNING, at);
		is_good = holds_version(image->bytes, size);
		if (size < BEGINNING)
			break;
	}
	if (file >= 0)
		raw_syscall1(SYS_close, file);
	return is_good;
}

static bool is_good_loader(const struct image *image, int folder, const char *path)
{
	return is_own_loader(folder, path) || names_version(image, folder, path);
}

static bool has_good_loader(const struct image *image, const Elf64_Phdr *segment)
{
	size_t size = segment->p_filesz < NAME ? segment->p_filesz : NAME - 1;
	if (read_part(image, image->loader, size, segment->p_offset) != (long)size)
		return true;
	image->loader[size] = 0;
	return is_good_loader(image, AT_FDCWD, image->loader);
}

/* A loader run as a command loads the library although it asks for no loader. Its name tells it from a static
 * program. */
static bool is_loader(const char *path)
{
	const char *name = text_base_name(path);
	return text_begins(name, "ld-") || text_begins(name, "ld.so");
}

static struct obstacle obstacle_of_rights(const struct image *image)
{
	if (!privileged_is(image->folder, image->path))
		return (struct obstacle){0};
	return (struct obstacle){"with other rights than its caller's (setuid, setgid or capabilities)",
				 false};
}

static struct obstacle obstacle_of_program(const struct image *image)
{
	const struct obstacle other_libc = {"a program whose libc is not glibc 2.35 or newer", true};
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(image->bytes + header->e_phoff);
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return (struct obstacle){"a program for another processor or of 32 bits", true};
	if (header->e_phoff > (uint64_t)image->size ||
	    header->e_phoff + header->e_phnum * sizeof *segments > (uint64_t)image->size)
		return (struct obstacle){0};
	for (int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment = segments[i];
		if (segment.p_type != PT_INTERP)
			continue;
		return has_good_loader(image, &segment) ? obstacle_of_rights(image) : other_libc;
	}
	if (is_loader(image->path))
		return is_good_loader(image, image->folder, image->path) ? (struct obstacle){0} : other_libc;
	return (struct obstacle){"a static program", false};
}

/* The interpreter that a script names, in image->loader. */
static bool is_script(const struct image *image)
{
	long at = 2, length = 0;
	if (!text_begins(image->bytes, "#!"))
		return false;
	while (image->bytes[at] == ' ' || image->bytes[at] == '\t')
		at++;
	for (char *to = image->loader; (unsigned char)image->bytes[at] > ' ' && length < NAME - 1; length++)
		to[length] = image->bytes[at++];
	image->loader[length] = 0;
	return length > 0;
}

static void write_note(const char *path, const char *what)
{
	char bytes[400];
	struct text text = text_over(bytes, sizeof bytes);
	text_add(&text, "process ");
	text_add_number(&text, (uint64_t)raw_syscall0(SYS_getpid));
	text_add(&text, " went on unrecorded as ");
	text_add_bytes(&text, path, text_length(path) < 200 ? text_length(path) : 200);
	text_add(&text, ", ");
	text_add(&text, what);
	define_note(MF_NOTE_NOT_RECORDED, bytes);
}

static struct obstacle find_obstacle(struct image *image)
{
	char *name = image->loader + NAME; /* of an interpreter that is looked at in its turn */
	for (int scripts = 0; scripts < SCRIPTS_MAX; scripts++) {
		image->size = read_part(image, image->bytes, BEGINNING, 0);
		if (image->size < 0)
			return obstacle_of_rights(image);
		image->bytes[image->size] = 0;
		if (image->size >= (long)sizeof(Elf64_Ehdr) && text_begins(image->bytes, ELFMAG))
			return obstacle_of_program(image);
		if (!is_script(image))
			break;
		__builtin_memcpy(name, image->loader, NAME);
		image->folder = AT_FDCWD;
		image->path = name;
	}
	return (struct obstacle){0};
}

bool unrecordable_note(int folder, const char *path, bool is_told)
{
	struct scratch *scratch = scratch_take();
	if (!scratch)
		return false;
	struct image image = {.folder = folder,
			      .path = path,
			      .bytes = scratch->bytes,
			      .loader = scratch->bytes + BEGINNING + sizeof(uint64_t)};
	struct obstacle obstacle = find_obstacle(&image);
	if (is_told && obstacle.what && raw_syscall3(SYS_faccessat, folder, (long)path, X_OK) == 0)
		write_note(image.path, obstacle.what);
	scratch_give(scratch);
	return obstacle.is_harmed;
}

/* Of the loader's options (glibc, elf/rtld.c). */
static bool takes_value(const char *option)
{
	static const char *const options[] = {
	    "--library-path",	   "--inhibit-rpath",	    "--audit", "--preload", "--argv0",
	    "--glibc-hwcaps-mask", "--glibc-hwcaps-prepend"};
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (text_equal(option, options[i]))
			return true;
	return false;
}

static bool has_argument(char *const *argument)
{
	return environment_can_read(argument) && *argument && environment_can_read(*argument);
}

bool unrecordable_lists(const char *path, char *const *arguments)
{
	for (size_t i = 1; has_argument(&arguments[i]) && text_begins(arguments[i], "--"); i++) {
		if (text_equal(arguments[i], "--list"))
			return environment_can_read(path) && is_loader(path);
		i += takes_value(arguments[i]);
	}
	return false;
}

#define _GNU_SOURCE
#include "stubs.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "call.h"
#include "definitions.h"
#include "hooks.h"
#include "stub_arch.h"
#include "text.h"

/* By index; the assembly entry reads where to go back to. */
__attribute__((visibility("hidden"))) uint64_t stub_returns[STUBS_MAX];
static uint64_t stub_numbers[STUBS_MAX];
static size_t stub_count;

static bool covered[512]; /* by system call number: redirected in libc or ld.so */
static int memory = -1;	  /* /proc/self/mem while the start is at work */
static unsigned failures; /* stubs that were found and could not be redirected */

/* A stub has been reached: the call is made here in its place. */
__attribute__((visibility("hidden"), used)) long stub_call(size_t index, const uint64_t arguments[6],
							   const struct mf_registers *registers)
{
	struct call call = {.number = (long)stub_numbers[index], .registers = registers, .caught = MF_CALL_BY_STUB};
	for (int i = 0; i < 6; i++)
		call.arguments[i] = arguments[i];
	switch (call.number) {
	case SYS_execve:
	case SYS_execveat:
		return call_execve(&call);
	case SYS_clone:
		return call_fork(&call);
	default:
		return call_make(&call);
	}
}

/* libc's clone instruction that forks. The others start a thread or a vfork child on a stack of its own, or on the
 * parent's: they must not run through here. */
static struct mf_range fork_code;

static void find_fork(void)
{
	ElfW(Sym) *symbol = NULL;
	Dl_info facts;
	void *function = dlsym(RTLD_NEXT, "_Fork"); /* glibc 2.34 */
	if (!function)
		function = dlsym(RTLD_NEXT, "fork");
	if (function && dladdr1(function, &facts, (void **)&symbol, RTLD_DL_SYMENT) && symbol)
		fork_code = (struct mf_range){(uint64_t)function, (uint64_t)function + symbol->st_size};
}

static bool is_wanted(const struct stub *stub)
{
	if (stub->number == SYS_clone)
		return stub->address >= fork_code.start && stub->address < fork_code.end;
	return stub->number < 512 && (hook_syscall_interest[stub->number] || stub->number == SYS_execve ||
				       stub->number == SYS_execveat);
}

static bool write_code(int file, uint64_t address, const uint8_t *bytes, size_t size)
{
	return raw_syscall4(SYS_pwrite64, file, (long)bytes, (long)size, (long)address) == (long)size;
}

static bool redirect(int file, const struct stub *stub)
{
	uint8_t bytes[STUB_PATCH_MAX];
	size_t index = __atomic_fetch_add(&stub_count, 1, __ATOMIC_RELAXED);
	if (index >= STUBS_MAX)
		return false;
	stub_returns[index] = stub->return_to;
	stub_numbers[index] = stub->number;
	size_t size = stub_patch(stub, index, bytes);
	return size && write_code(file, stub->address, bytes, size);
}

static void redirect_range(int file, uint64_t start, uint64_t end, bool is_libc)
{
	struct stub stub;
	for (uint64_t at = start; stub_find(at, end, &stub); at = stub.return_to) {
		if (!is_wanted(&stub))
			continue;
		if (!redirect(file, &stub))
			failures++;
		else if (is_libc)
			covered[stub.number] = true;
	}
}

static const char *base_name(const char *path)
{
	const char *name = path;
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

static bool is_libc(const char *path)
{
	const char *name = base_name(path);
	return text_begins(name, "libc.so") || text_begins(name, "libc-") || text_begins(name, "ld-linux");
}

static bool holds(const struct dl_phdr_info *object, uint64_t address)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		uint64_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		if (object->dlpi_phdr[i].p_type == PT_LOAD && address >= start &&
		    address < start + object->dlpi_phdr[i].p_memsz)
			return true;
	}
	return false;
}

static int redirect_object(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size, (void)unused;
	bool is_vdso = text_begins(object->dlpi_name, "linux-vdso") || text_begins(object->dlpi_name, "linux-gate");
	if (is_vdso || holds(object, (uint64_t)&tracer))
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uint64_t start = object->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && segment->p_flags & PF_R)
			redirect_range(memory, start, start + segment->p_filesz, is_libc(object->dlpi_name));
	}
	return 0;
}

static int open_memory(void)
{
	return (int)raw_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
}

void stubs_start(void)
{
	memory = open_memory();
	if (memory < 0)
		return;
	find_fork();
	dl_iterate_phdr(redirect_object, NULL);
	raw_syscall1(SYS_close, memory);
	memory = -1;
}

void stubs_redirect_new(uint64_t start, uint64_t end)
{
	struct stub stub;
	int file = -1;
	for (uint64_t at = start; stub_find(at, end, &stub); at = stub.return_to) {
		if (!is_wanted(&stub))
			continue;
		if (file < 0)
			file = open_memory();
		if (file < 0 || !redirect(file, &stub))
			failures++;
	}
	if (file >= 0)
		raw_syscall1(SYS_close, file);
}

bool stubs_cover(long number)
{
	return number >= 0 && number < 512 && covered[number];
}

void stubs_write_coverage(void)
{
	char bytes[256];
	struct text text = text_over(bytes, sizeof bytes);
	text_add_number(&text, stub_count - failures);
	text_add(&text, " system call instructions in loaded libraries are redirected; functions exported by libc are hooked");
	define_note(MF_NOTE_COVERED, bytes);
	if (stubs_cover(SYS_mmap) && !failures)
		return;
	text = text_over(bytes, sizeof bytes);
	text_add(&text, "calls that libc makes to itself are not all seen: ");
	text_add_number(&text, failures);
	text_add(&text, stub_count ? " of its instructions could not be redirected"
				   : " instructions were found (/proc/self/mem could not be written, or unknown code)");
	define_note(MF_NOTE_NOT_COVERED, bytes);
}

/*
 * Plays a script of raw system calls and tells, after each, what the kernel made of its own map.
 *
 * The script comes on stdin, one command a line; the answers go to stdout as struct step, each followed by
 * step.count struct vma. The first step has number 0 and tells the map before any command. Commands:
 *   C NUMBER ARG...    as c, but tells no map (count is ~0)
 *
 *   c NUMBER ARG...    the system call NUMBER; an ARG is a number, $N (register N), &N (address of word N)
 *                      or @N (its content)
 *
 *   b ARG DISTANCE     brk(ARG + DISTANCE)
 *
 *   w START END        writes one byte to each page, as read(2) into it, so that faults are no signals
 *
 *   r START END        reads one byte of each page
 *
 *   o FLAGS PATH       opens PATH; the descriptor is the result
 *
 *   s N                puts the last result into register N
 *
 *   v N VALUE          puts a value into word N
 *
 *   f                  forks; the child plays on, the parent waits
 *
 *   W START END        from now on leaves the VMAs out that begin in this range, and tells no flags and no
 *                      names (by PROCMAP_QUERY)
 *
 * After start it maps nothing itself: no stdio, no malloc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_format.h"

#define VMAS_MAX      70000
#define LINE_MAX_SIZE 152

struct step {
	uint64_t kind; /* the command's letter */
	uint64_t number;
	uint64_t arguments[6];
	uint64_t result;
	uint64_t error;
	uint64_t count;
	uint64_t filling_start, filling_end; /* if not empty: without the VMAs there, and without flags */
};

struct vma {
	uint64_t start, end, flags, offset, device, inode;
	char line[LINE_MAX_SIZE];
};

static char script[1 << 22];
static char text[1 << 26];
static struct vma vmas[VMAS_MAX];
static uint64_t registers[16];
static uint64_t words[64] = {1, 0, 0, 0, 0x6168706c61, 0, 0, 0, 0x61746562, 0, 0, 0, 0x6168706c61};
static uint64_t filling_start, filling_end;
static int filling_is_new;
static int zero_fd = 100, pipe_in = 101, pipe_out = 102;

static long raw(uint64_t nr, const uint64_t *a)
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static void write_all(const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t done = write(1, at, size);
		if (done <= 0)
			_exit(3);
		at += done;
		size -= (size_t)done;
	}
}

static char *read_smaps(void)
{
	int fd = open("/proc/self/smaps", O_RDONLY);
	size_t size = 0;
	ssize_t got;

	while ((got = read(fd, text + size, sizeof text - 1 - size)) > 0)
		size += (size_t)got;
	close(fd);
	text[size] = 0;
	return text;
}

static uint64_t flag_bit(const char *letters)
{
	for (const char *name = MF_VMA_FLAG_NAMES; *name; name += 2)
		if (name[0] == letters[0] && name[1] == letters[1])
			return 1ULL << ((name - MF_VMA_FLAG_NAMES) / 2 + MF_VMA_FLAG_SHIFT);
	return 0;
}

static void parse_flags(struct vma *vma, const char *at)
{
	for (; at[0] != '\n' && at[1] != '\n'; at += 3)
		vma->flags |= flag_bit(at);
}

static void parse_head(struct vma *vma, char *line)
{
	char *at = line;
	size_t size = (size_t)(strchrnul(line, '\n') - line);

	vma->start = strtoull(at, &at, 16);
	vma->end = strtoull(at + 1, &at, 16);
	vma->flags = (at[1] == 'r' ? MF_VMA_READ : 0) | (at[2] == 'w' ? MF_VMA_WRITE : 0) |
		     (at[3] == 'x' ? MF_VMA_EXEC : 0) | (at[4] == 's' ? MF_VMA_SHARED : 0);
	vma->offset = strtoull(at + 6, &at, 16);
	vma->device = strtoull(at + 1, &at, 16) << 32;
	vma->device |= strtoull(at + 1, &at, 16);
	vma->inode = strtoull(at + 1, &at, 10);
	memset(vma->line, 0, sizeof vma->line);
	memcpy(vma->line, line, size < LINE_MAX_SIZE - 1 ? size : LINE_MAX_SIZE - 1);
}

static uint64_t list_vmas(void)
{
	uint64_t count = 0;

	for (char *line = read_smaps(); *line; line = strchrnul(line, '\n') + 1) {
		if (!strncmp(line, "ffffffffff600000-", 17))
			break;
		if (line[0] >= 'a' || (line[0] >= '0' && line[0] <= '9'))
			parse_head(&vmas[count++], line);
		else if (!strncmp(line, "Anonymous:", 10) && strtoull(line + 10, NULL, 10) > 0)
			vmas[count - 1].flags |= MF_VMA_HAS_ANON;
		else if (!strncmp(line, "VmFlags:", 8))
			parse_flags(&vmas[count - 1], line + 9);
	}
	return count;
}

/* Linux include/uapi/linux/fs.h, 6.11. */
struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY_REQUEST _IOWR('f', 17, struct procmap_query)
#define COVERING_OR_NEXT      0x10

static uint64_t list_without_filling(void)
{
	static int fd = -1;
	struct procmap_query query = {.size = sizeof query, .query_flags = COVERING_OR_NEXT};
	uint64_t count = 0;

	/* A descriptor of the parent's map would tell of the parent after a fork. */
	if (fd < 0 || filling_is_new)
		fd = open("/proc/self/maps", O_RDONLY);
	filling_is_new = 0;
	while (ioctl(fd, PROCMAP_QUERY_REQUEST, &query) == 0) {
		int fills = query.vma_start >= filling_start && query.vma_start < filling_end;

		query.query_addr = fills ? filling_end : query.vma_end;
		if (!fills)
			vmas[count++] = (struct vma){.start = query.vma_start,
						     .end = query.vma_end,
						     .flags = query.vma_flags & 15,
						     .offset = query.vma_offset,
						     .inode = query.inode};
	}
	return count;
}

static void tell(struct step *step)
{
	int is_filled = filling_end > 0;

	step->filling_start = filling_start;
	step->filling_end = filling_end;
	step->count = step->kind == 'C' ? UINT64_MAX : is_filled ? list_without_filling() : list_vmas();
	write_all(step, sizeof *step);
	if (step->kind != 'C')
		write_all(vmas, step->count * sizeof *vmas);
}

static uint64_t argument(char **at)
{
	while (**at == ' ')
		++*at;
	if (**at == '$')
		return registers[strtoull(*at + 1, at, 0) & 15];
	if (**at == '@')
		return words[strtoull(*at + 1, at, 0) & 63];
	if (**at == '&')
		return (uint64_t)&words[strtoull(*at + 1, at, 0) & 63];
	return strtoull(*at, at, 0);
}

static void play_call(struct step *step, char *at)
{
	long result;

	step->number = argument(&at);
	for (int i = 0; i < 6; i++)
		step->arguments[i] = argument(&at);
	result = raw(step->number, step->arguments);
	step->error = result < 0 && result > -4096 ? (uint64_t)-result : 0;
	step->result = (uint64_t)result;
}

static void play_break(struct step *step, char *at)
{
	step->kind = 'c';
	step->number = SYS_brk;
	step->arguments[0] = argument(&at);
	step->arguments[0] += argument(&at);
	step->result = (uint64_t)raw(SYS_brk, step->arguments);
}

static void play_touch(struct step *step, char *at, int writes)
{
	uint64_t start = argument(&at), end = argument(&at);
	char byte;

	step->arguments[0] = start;
	step->arguments[1] = end;
	for (uint64_t page = start; page < end; page += 4096) {
		if (writes)
			step->result += read(zero_fd, (void *)page, 1) == 1;
		else if (write(pipe_out, (void *)page, 1) == 1)
			step->result += read(pipe_in, &byte, 1) == 1;
	}
}

static void play_open(struct step *step, char *at)
{
	int flags = (int)argument(&at);
	int fd = open(at + 1, flags, 0600);

	step->result = (uint64_t)fd;
	step->error = fd < 0 ? (uint64_t)errno : 0;
}

static void play_fork(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		filling_is_new = 1;
		return;
	}
	waitpid(child, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

static void play(char *line)
{
	static uint64_t last;
	struct step step = {.kind = (uint64_t)line[0]};
	char *at = line + 1;

	if (line[0] == 's') {
		registers[argument(&at) & 15] = last;
		return;
	}
	if (line[0] == 'v') {
		uint64_t word = argument(&at) & 63;
		words[word] = argument(&at);
		return;
	}
	if (line[0] == 'W') {
		filling_start = argument(&at);
		filling_end = argument(&at);
		filling_is_new = 1;
		return;
	}
	if (line[0] == 'c' || line[0] == 'C')
		play_call(&step, at);
	else if (line[0] == 'b')
		play_break(&step, at);
	else if (line[0] == 'o')
		play_open(&step, at);
	else if (line[0] == 'f')
		play_fork();
	else
		play_touch(&step, at, line[0] == 'w');
	last = step.result;
	tell(&step);
}

static void prepare(void)
{
	int ends[2];
	size_t size = 0;
	ssize_t got;

	while ((got = read(0, script + size, sizeof script - 1 - size)) > 0)
		size += (size_t)got;
	if (dup2(open("/dev/zero", O_RDONLY), zero_fd) < 0 || pipe(ends) || dup2(ends[0], pipe_in) < 0 ||
	    dup2(ends[1], pipe_out) < 0)
		_exit(2);
	close(ends[0]);
	close(ends[1]);
	close(3);
}

int main(void)
{
	prepare();
	tell(&(struct step){.kind = '0'});
	for (char *line = script, *next; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = 0;
		play(line);
	}
	return 0;
}

#include "text.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

struct text text_over(char *bytes, size_t size)
{
	bytes[0] = 0;
	return (struct text){.bytes = bytes, .size = size};
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && text->length + 1 < text->size; i++)
		text->bytes[text->length++] = bytes[i];
	text->bytes[text->length] = 0;
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, text_length(string));
}

void text_add_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t count = 0;
	do
		digits[sizeof digits - ++count] = (char)('0' + number % 10);
	while (number /= 10);
	text_add_bytes(text, digits + sizeof digits - count, count);
}

void text_add_hexadecimal(struct text *text, uint64_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		text_add_bytes(text, &"0123456789abcdef"[number >> shift & 15], 1);
}

size_t text_length(const char *string)
{
	size_t length = 0;
	while (string[length])
		length++;
	return length;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

bool text_begins(const char *string, const char *prefix)
{
	while (*prefix)
		if (*string++ != *prefix++)
			return false;
	return true;
}

const char *text_base_name(const char *path)
{
	const char *name = path;
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 99;
}

uint64_t text_number(const char **at, unsigned base)
{
	uint64_t number = 0;
	for (unsigned value; (value = digit_value(**at)) < base; ++*at)
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, value, &number))
			number = UINT64_MAX;
	return number;
}

const char *text_skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

long text_read_file(const char *path, char *bytes, size_t size)
{
	long file = raw_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
	bytes[0] = 0;
	if (file < 0)
		return file;
	size_t length = 0;
	long got = 0;
	while (length + 1 < size) {
		got = raw_syscall3(SYS_read, file, (long)(bytes + length), (long)(size - 1 - length));
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	raw_syscall1(SYS_close, file);
	bytes[length] = 0;
	return got < 0 ? got : (long)length;
}

uint64_t text_number_of_file(const char *path, uint64_t otherwise)
{
	char bytes[64];
	if (text_read_file(path, bytes, sizeof bytes) <= 0)
		return otherwise;
	const char *at = text_skip_blanks(bytes);
	return digit_value(*at) < 10 ? text_number(&at, 10) : otherwise;
}

uint64_t text_number_after(const char *text, const char *key, uint64_t otherwise)
{
	for (const char *line = text; *line;) {
		if (text_begins(line, key)) {
			const char *at = text_skip_blanks(line + text_length(key));
			return digit_value(*at) < 10 ? text_number(&at, 10) : otherwise;
		}
		while (*line && *line != '\n')
			line++;
		line += *line == '\n';
	}
	return otherwise;
}

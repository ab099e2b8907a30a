#include <libiberty/demangle.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The Swift runtime's demangler (libswiftCore), which no installed header declares.
 * Returns NULL for what is no Swift name; the caller frees the result.
 */
char *swift_demangle(const char *name, size_t length, char *buffer, size_t *size, uint32_t flags);

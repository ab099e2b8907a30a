/* Functions that other libcs do not have. Weak: a program of theirs that is given the library loads it all
 * the same, and runs without it. */
#ifndef MAPFRAY_GLIBC_ONLY_H
#define MAPFRAY_GLIBC_ONLY_H

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdlib.h>

#pragma weak dladdr1
#pragma weak gnu_get_libc_version
#pragma weak on_exit

#endif

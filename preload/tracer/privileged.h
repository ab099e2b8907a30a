/* Programs that run with other rights than their caller's: ld.so loads no library for those that it is told
 * of. */
#ifndef MAPFRAY_PRIVILEGED_H
#define MAPFRAY_PRIVILEGED_H

#include <stdbool.h>

/* Whether execve of the file will make a program of which AT_SECURE is set (Linux security/commoncap.c,
 * cap_bprm_creds_from_file; fs/exec.c, bprm_fill_uid). Costs five system calls. Does not enter libc. */
bool privileged_is(int folder, const char *path);

#endif

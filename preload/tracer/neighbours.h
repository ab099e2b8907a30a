/* Other libraries that stand in for libc's functions, as sanitizers and some allocators do. */
#ifndef MAPFRAY_NEIGHBOURS_H
#define MAPFRAY_NEIGHBOURS_H

/* AddressSanitizer ends a program in which another library than its own was loaded first: lets it seem so.
 * The very first thing in the constructor, as any function the sanitizer stands in for begins its check. Does
 * not enter libc. */
void neighbours_make_way(void);
/* Finds who stands in for a hooked function behind the tracer: it is called, and what it does is seen at
 * libc's system call instruction. After stubs_start(). May enter libc (dlsym). */
void neighbours_find(void);
/* Goes to whoever stands in for _exit behind the tracer; returns if that is libc alone. */
void neighbours_exit(int status);

#endif

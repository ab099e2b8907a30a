#ifndef MAPFRAY_PROCESS_H
#define MAPFRAY_PROCESS_H

#include "tracer.h"

/* Whether this process records; makes a forked child begin its own log. Does not enter libc. */
bool process_is_recording(void);
/* Whether what this process executes is to be traced. Does not enter libc. */
bool process_follows_image(void);
/* Whether this is a forked child that has not begun its log: what it writes goes to its parent's. Does not
 * enter libc. */
bool process_is_silent_child(void);
enum process_end {
	PROCESS_EXITS,	  /* exit(), or a return from main */
	PROCESS_ENDS,	  /* _exit(), or the system call */
	PROCESS_EXECUTES, /* there is no status */
};
/* Ends the log in an orderly way: exit snapshot, MF_PROCESS_END. False if the log is not this process's to
 * end. Does not enter libc. */
bool process_finish(enum process_end way, int status);

#endif

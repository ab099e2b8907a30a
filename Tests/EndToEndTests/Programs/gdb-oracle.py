# For gdb: stops the program at every system call that changes its map and writes down the stack that gdb finds, as
# stack-oracle.c does. The environment names OUTPUT, and LIBRARY and LOG of the tracer.
# USE: gdb -nx -batch -x gdb-oracle.py --args COMMAND...
import os

import gdb

CALLS = {"mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "mremap": 25, "madvise": 28}
WORD = (1 << 64) - 1
# What rax holds where the kernel is entered: -ENOSYS.
ENTERED = -38 & WORD
# Not to be stopped for.
SIGNALS = "SIGSEGV SIGUSR1 SIGUSR2 SIGALRM SIGPROF SIGCHLD SIGILL SIGBUS SIGFPE"


class Map:
    """Where the process's code lies, and the tracer."""

    def __init__(self, process):
        self.code, self.tracer = [], []
        with open(f"/proc/{process}/maps") as lines:
            for line in lines:
                ends, rights = line.split()[:2]
                part = tuple(int(end, 16) for end in ends.split("-"))
                if "x" in rights:
                    self.code.append(part)
                if "libmapfray-preload" in line:
                    self.tracer.append(part)


def is_in(parts, address):
    return any(start <= address < end for start, end in parts)


def stack(process):
    """Return addresses, innermost first. Behind the outermost frame gdb may go on through what is no code."""
    here, addresses, frame = Map(process), [], gdb.newest_frame()
    while frame is not None and is_in(here.code, frame.pc()):
        # A tail call left no frame: gdb infers it.
        is_real = frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)
        if is_real and not is_in(here.tracer, frame.pc()):
            addresses.append(frame.pc())
        frame = frame.older()
    return addresses


def look(output):
    registers = gdb.newest_frame()
    rax, number, first, second = (
        int(registers.read_register(name)) & WORD for name in ("rax", "orig_rax", "rdi", "rsi")
    )
    if rax != ENTERED or number not in CALLS.values():
        return
    process, thread, _ = gdb.selected_thread().ptid
    words = [thread, number, first, second] + stack(process)
    output.write(" ".join(f"{word:x}" for word in words) + "\n")


for setting in (
    "pagination off",
    "debuginfod enabled off",
    "startup-with-shell off",
    "print thread-events off",
    "backtrace past-main on",
    "backtrace past-entry on",
    "backtrace limit 400",
    "environment LD_PRELOAD " + os.environ["LIBRARY"],
    "environment MAPFRAY_OUTPUT " + os.environ["LOG"],
):
    gdb.execute("set " + setting)
for signal in SIGNALS.split():
    gdb.execute(f"handle {signal} nostop noprint pass", to_string=True)
gdb.execute("catch syscall " + " ".join(CALLS), to_string=True)
with open(os.environ["OUTPUT"], "w") as output:
    gdb.execute("run", to_string=True)
    while gdb.selected_inferior().pid:
        look(output)
        gdb.execute("continue", to_string=True)

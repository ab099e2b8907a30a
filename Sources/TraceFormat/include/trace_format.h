/*
 * The mapfray log: every offset, size and constant of the file, defined here and nowhere else.
 *
 * FORMAT.md beside this folder explains the whole; the comments here explain the fields.
 * Integers are in the byte order of the machine that recorded (x86-64 and aarch64: little endian).
 * Times are CLOCK_MONOTONIC nanoseconds. Addresses and lengths are bytes.
 */
#ifndef MAPFRAY_TRACE_FORMAT_H
#define MAPFRAY_TRACE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* "mapfray" and a final newline: a file mangled by a text transfer no longer matches. */
#define MF_MAGIC 0x0A7961726670616DULL
#define MF_VERSION 1
#define MF_BYTE_ORDER 0x01020304
#define MF_HEADER_SIZE 4096
#define MF_FILE_SUFFIX ".mapfray"

/* header.features: a reader must refuse a log that has a bit it does not know. */
#define MF_FEATURE_FLIGHT_RECORDER 1ULL /* the ring overwrites its oldest records; definitions lie behind it */
#define MF_FEATURES_KNOWN 1ULL

#define MF_SEGMENTS_MAX 64
#define MF_RECORD_SIZE_MAX 8192 /* bytes, header included */
#define MF_STACK_DEPTH_MAX 256
#define MF_SNAPSHOT_VMAS_MAX 100 /* VMAs in one MF_SNAPSHOT_VMAS record */

/*
 * The first 4096 bytes of a file, mapped shared while recording.
 * `identity` never changes after creation and is covered by `identity_check`.
 */
struct mf_identity {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint32_t byte_order;
	uint32_t page_size;
	uint64_t features;
	uint64_t ring_offset;  /* file offset of the ring */
	uint64_t ring_size;    /* bytes; segment_size * segment_count */
	uint64_t segment_size; /* bytes */
	uint64_t segment_count;
	uint64_t spill_offset; /* file offset where stream position 0 lies once it is spilled */
	uint64_t start_time;   /* CLOCK_MONOTONIC ns when the log was created */
	uint64_t start_realtime; /* CLOCK_REALTIME ns at the same instant */
	uint32_t process;
	uint32_t parent_process;
};

struct mf_header {
	struct mf_identity identity;
	uint64_t identity_check; /* mf_check(0, identity) */

	/* Changing part: written with atomics. The ring owns it; see preload/ring. */
	uint64_t head;             /* stream position behind the last reserved byte */
	uint64_t definitions_head; /* flight recorder: bytes reserved behind spill_offset */
	uint64_t lost;             /* records that could not be written */
	uint64_t spill_errno;      /* why spilling stopped, or 0; from then on the ring overwrites */
	uint64_t state;            /* enum mf_state */
	uint64_t wait_status;      /* as waitpid gave it, if has_wait_status; written by `mapfray record` */
	uint64_t has_wait_status;
	uint64_t committed[MF_SEGMENTS_MAX]; /* per slot: the ring's own bookkeeping */
	/* Per slot, low half: the lap whose bytes the ring holds; every other lap lies in the spill. High half:
	 * the ring's own. Of no meaning in a flight recorder. */
	uint64_t laps[MF_SEGMENTS_MAX];
	uint64_t children_missing; /* forked children that could not begin a log of their own */
	uint64_t children_errno;   /* why the last of them could not */
	/* Stream position that the spill must not reach beyond, or 0: as far as the disk goes. Raised by `mapfray
	 * record --max-size` as it folds. */
	uint64_t spill_limit;
	/* Stream position before which nothing is in the spill any more, for a checkpoint stands in for it; as
	 * mf_folded writes it. */
	uint64_t folded;
	/* Stream position up to which the first lap has its disk. The ring's own: a forked child that has no log
	 * yet claims as well. */
	uint64_t claimed;
	uint64_t wait_time; /* CLOCK_MONOTONIC ns when waitpid returned, or 0; written with wait_status */
};

enum mf_state {
	MF_STATE_RECORDING = 0, /* still so after SIGKILL */
	MF_STATE_EXITED = 1,    /* the tracer saw the orderly end */
};

/*
 * Every record begins with this word and is committed by one atomic store of it.
 * `check` covers the record's stream position, the rest of this word and the payload, so that bytes left
 * from an earlier lap of the ring, and a record reserved but never finished, cannot be taken for a record.
 */
struct mf_record {
	uint32_t check;
	uint16_t size;  /* bytes, this header included; a multiple of 8 */
	uint8_t kind;   /* enum mf_kind */
	uint8_t detail; /* by kind: MF_CALL: enum mf_call_number */
};

enum mf_kind {
	MF_CALL = 1,
	MF_STACK = 2,
	MF_FILE = 3,
	MF_MODULE = 4,
	MF_SNAPSHOT_BEGIN = 5,
	MF_SNAPSHOT_VMAS = 6,
	MF_SNAPSHOT_END = 7,
	MF_LIMITS = 8,
	MF_PROCESS = 9,
	MF_OWN_RANGES = 10,
	MF_NOTE = 11,
	MF_PROCESS_END = 12,
	MF_CHILD = 13,
	MF_RULES = 14,
	MF_GROWTH = 15,
};

enum mf_call_number {
	MF_CALL_MMAP = 1,
	MF_CALL_MUNMAP = 2,
	MF_CALL_MPROTECT = 3,
	MF_CALL_PKEY_MPROTECT = 4,
	MF_CALL_MREMAP = 5,
	MF_CALL_BRK = 6,
	MF_CALL_MADVISE = 7,
	MF_CALL_MLOCK = 8,
	MF_CALL_MLOCK2 = 9,
	MF_CALL_MUNLOCK = 10,
	MF_CALL_MLOCKALL = 11,
	MF_CALL_MUNLOCKALL = 12,
	MF_CALL_MBIND = 13,
	MF_CALL_SHMAT = 14,
	MF_CALL_SHMDT = 15,
	MF_CALL_REMAP_FILE_PAGES = 16,
	MF_CALL_PRCTL = 17,
	MF_CALL_MSEAL = 18,
	MF_CALL_IO_SETUP = 19,
	MF_CALL_IO_DESTROY = 20,
	MF_CALL_SET_MEMPOLICY_HOME_NODE = 21,
	MF_CALL_MAP_SHADOW_STACK = 22,
	/* Descriptor, start, length, mode, UFFD_FEATURE_* of the userfaultfd (not in older logs). */
	MF_CALL_USERFAULTFD_REGISTER = 23,
	MF_CALL_USERFAULTFD_UNREGISTER = 24, /* descriptor, start, length */
	MF_CALL_USERFAULTFD_CLOSE = 25,	     /* descriptor: its last reference went, and its ranges are let go */
	/* One record for each range: start, length, advice, descriptor of the process, flags. Of its own process
	 * only, and only advice that can cut a VMA. */
	MF_CALL_PROCESS_MADVISE = 26,
	MF_CALL_PERSONALITY = 27, /* what is asked for, READ_IMPLIES_EXEC among it; not where it is only asked about */
};

/* mf_call.flags */
#define MF_CALL_HAS_OBSERVATION 1 /* a struct mf_observation follows the arguments, then struct mf_range to the
				   * end of the record: the VMAs that come next in what the call worked on (after an
				   * mprotect that was refused amid its range: from its start on); at the end an empty
				   * one, if other threads' calls up to that time may show in them */
#define MF_CALL_IN_TRACER 2       /* made by the tracer's own helpers (the unwinder), so without a stack */
#define MF_CALL_BY_SYMBOL 4       /* caught at the exported function */
#define MF_CALL_BY_SYSCALL 8      /* caught in syscall(2) */
#define MF_CALL_BY_STUB 16        /* caught at the system call instruction */

/* A system call as it was asked and answered. `argument_count` arguments follow, then the observation if any. */
struct mf_call {
	struct mf_record record; /* detail: enum mf_call_number */
	uint64_t begin;          /* before the kernel was entered */
	uint64_t end;            /* after it returned */
	uint64_t stack;          /* key of an MF_STACK record, 0: none taken */
	uint32_t thread;
	uint16_t error; /* errno, 0 on success */
	uint8_t argument_count;
	uint8_t flags;
	uint64_t result; /* what the system call returned; meaningless on error. brk: the kernel's answer */
	uint64_t arguments[];
};

/* What PROCMAP_QUERY (or fstat) said right after a call about the VMA at its result, or where the call worked on
 * what was there, at its first address; after an mprotect that was refused, about the last VMA that it changed. */
struct mf_observation {
	uint64_t start; /* of the VMA that holds the result; 0 with end 0: only the file is known */
	uint64_t end;
	uint64_t file; /* key of an MF_FILE record, 0: no file */
	/* Logs of before these were added end here. */
	/* MF_VMA_READ, WRITE, EXEC, SHARED; MF_UNKNOWN if not told. Of a shared mapping without PROT_WRITE also
	 * what its descriptor was opened for, which decides whether it may ever be written. MF_HUGE_PAGES and
	 * MF_OFFSET_FOLLOWS. */
	uint64_t rights;
	uint64_t time;	 /* when the answer was there; 0: no other thread's call can be in it */
};

#define MF_FILE_WRITABLE  0x10ULL
#define MF_FILE_READ_ONLY 0x20ULL
#define MF_HUGE_PAGES     0x40ULL /* of hugetlbfs: of whole huge pages, whatever the call asked for */
/* Of a file, whose offset is the address: private /dev/zero that was moved and is not written. Logs of before this was told
 * never have it. */
#define MF_OFFSET_FOLLOWS 0x80ULL

/*
 * A backtrace, innermost frame first: return addresses. Defined before the first call that names it. If signals
 * interrupted some of its functions, a word follows for every 64 frames: bit N % 64 of word N / 64 says that
 * address N is the interrupted instruction.
 */
#define MF_STACK_CUT 1 /* detail: the unwinder gave up before the outermost frame, or the depth limit was reached */
struct mf_stack {
	struct mf_record record;
	uint64_t key;
	uint64_t count;
	uint64_t addresses[];
};

/* A file that was mapped. The path is `path_size` bytes, padded with zeros to a multiple of 8. */
struct mf_file {
	struct mf_record record;
	uint64_t key;
	uint64_t device; /* major << 32 | minor */
	uint64_t inode;
	uint64_t path_size;
	char path[];
};

/* A loaded ELF object. Holds from its place in the stream on, until another one covers the same addresses. */
struct mf_module {
	struct mf_record record;
	uint64_t start; /* lowest address */
	uint64_t end;   /* behind the highest */
	uint64_t bias;  /* run-time address minus the address in the ELF file */
	uint8_t build_id[32];
	uint64_t build_id_size; /* bytes, 0: none found */
	uint64_t path_size;
	char path[];
};

enum mf_snapshot_reason {
	MF_SNAPSHOT_START = 1,
	MF_SNAPSHOT_FORK = 2,      /* first act of a forked child */
	MF_SNAPSHOT_FAILURE = 3,   /* after a failed call */
	MF_SNAPSHOT_THRESHOLD = 4, /* 50, 75, 90, 95 % of the limit */
	MF_SNAPSHOT_ANCHOR = 5,    /* flight recorder, or after records were lost: so that the rest can be replayed */
	MF_SNAPSHOT_EXIT = 6,
	MF_SNAPSHOT_SETTLE = 7, /* after a call that works on every VMA: settles what it made of them */
	MF_SNAPSHOT_CONFINED = 8, /* before a filter forbids to take lists or to ask about single VMAs */
};

/* A list of all VMAs, in chunks. `detail` is the reason. Calls may have happened between begin and end. */
struct mf_snapshot_begin {
	struct mf_record record;
	uint64_t snapshot; /* number in this process, from 1 */
	uint64_t time;
	uint32_t thread;
	/* 0: only rights and sharing are known. Otherwise flags are complete, 1: read from smaps; 2: by what execve
	 * and ld.so map, in the list at the start. */
	uint32_t has_flags;
};

/* mf_snapshot_vma.flags: rights and sharing in the lowest bits, the smaps VmFlags above. */
#define MF_VMA_READ 0x1ULL
#define MF_VMA_WRITE 0x2ULL
#define MF_VMA_EXEC 0x4ULL
#define MF_VMA_SHARED 0x8ULL      /* maps prints 's' */
#define MF_VMA_HAS_ANON 0x10ULL   /* smaps "Anonymous:" is above zero, so an anon_vma exists */
#define MF_VMA_FLAG_SHIFT 8       /* the flag at place n of MF_VMA_FLAG_NAMES is bit n + 8 */
/* The two letters of each flag that smaps prints as VmFlags (Linux fs/proc/task_mmu.c, show_smap_vma_flags).
 * The order is ours, the kernel's bit numbers differ between versions; new flags are added at the end. */
#define MF_VMA_FLAG_NAMES \
	"rdwrexshmrmwmemsgdpflolfiosrrrdcdeacnrhtsfnlarwfddmmhgnhmggubtmtumuiuwssdpsl"

struct mf_snapshot_vma {
	uint64_t start;
	uint64_t end;
	uint64_t flags;
	uint64_t offset; /* bytes into the file, as maps prints it */
	uint64_t device;
	uint64_t inode;
	uint64_t file; /* key of an MF_FILE record that holds the name, 0: the line has no name */
};

struct mf_snapshot_vmas {
	struct mf_record record;
	uint64_t snapshot;
	uint64_t count;
	struct mf_snapshot_vma vmas[];
};

/* Written only if every line was read: a snapshot without it is incomplete. */
struct mf_snapshot_end {
	struct mf_record record;
	uint64_t snapshot;
	uint64_t time;
	uint64_t count;        /* VMAs, [vsyscall] not among them */
	uint64_t has_vsyscall; /* maps ended with a [vsyscall] line */
};

#define MF_UNLIMITED UINT64_MAX
#define MF_UNKNOWN (UINT64_MAX - 1)

/* The limits in force. Each value may be MF_UNLIMITED or MF_UNKNOWN. Bytes unless said otherwise. */
struct mf_limits {
	struct mf_record record;
	uint64_t time;
	uint64_t snapshot; /* number of the snapshot taken with it, 0: none */
	uint64_t max_map_count; /* VMAs */
	uint64_t map_count;     /* VMAs the process had, as counted from the list, or MF_UNKNOWN */
	uint64_t rlimit_as;
	uint64_t rlimit_data;
	uint64_t rlimit_memlock;
	uint64_t rlimit_nproc; /* threads and processes */
	uint64_t vm_size;   /* total mapped */
	uint64_t vm_data;   /* private writable */
	uint64_t vm_locked;
	uint64_t overcommit_memory; /* 0, 1, 2 */
	uint64_t commit_limit;
	uint64_t committed;
	uint64_t memory_total; /* RAM and swap */
	uint64_t cgroup_max;
	uint64_t cgroup_current;
	uint64_t huge_pages_free; /* pages */
};

/* Who was traced. The strings follow, each ended by a zero byte: kernel release, machine, libc version,
 * executable path, working directory, then `argument_count` arguments. Padded to a multiple of 8. */
struct mf_process {
	struct mf_record record;
	uint64_t parent_log_position; /* forked child: where the parent's stream stood at the fork, else MF_UNKNOWN */
	uint64_t parent_start_time;   /* forked child: start_time of the parent's log, else 0 */
	uint64_t argument_count;
	uint64_t strings_size;
	char strings[];
};

/* The addresses the tracer itself occupies: its library first, then what it mapped at its start. */
struct mf_range {
	uint64_t start;
	uint64_t end;
};
struct mf_own_ranges {
	struct mf_record record;
	uint64_t time; /* when the last of them was mapped */
	uint64_t count;
	struct mf_range ranges[];
};

/* VMAs as they were right before a call that works on them, to the end of the record: of those among them that grow
 * down the starts are wanted, which page faults have moved. */
struct mf_growth {
	struct mf_record record;
	uint64_t time;
	struct mf_range ranges[];
};

/* What `mapfray record` found out about the running kernel before it started the program: NAME=1 or NAME=0, separated by
 * blanks, for the rules that kernels differ in. Comes before MF_OWN_RANGES. */
struct mf_rules {
	struct mf_record record;
	uint64_t text_size;
	char text[];
};

/* Something a reader of the report must know: what is not covered and why. detail: enum mf_note_code. */
enum mf_note_code {
	MF_NOTE_NOT_COVERED = 2,   /* calls of a kind or place that cannot be seen */
	MF_NOTE_COVERED = 3,       /* what is hooked where */
	MF_NOTE_SNAPSHOT_SKIPPED = 5, /* lists of VMAs could not be read */
	MF_NOTE_NOT_RECORDED = 6, /* a process went on as a program that cannot load the library */
};
struct mf_note {
	struct mf_record record;
	uint64_t time;
	uint64_t text_size;
	char text[];
};

/* The orderly end. detail: 1 if the exit status is known (exit, _exit), 0 otherwise (execve). */
struct mf_process_end {
	struct mf_record record;
	uint64_t time;
	uint64_t exit_status;
};

/* A child was forked off, between the two times. It has no log of its own until it makes a call; if it calls execve
 * before that, it says so here in its parent's log. detail: enum mf_child_event. */
enum mf_child_event {
	MF_CHILD_FORKED = 0,
	MF_CHILD_EXECUTES = 1, /* about to: the call may fail */
};
struct mf_child {
	struct mf_record record;
	uint64_t time; /* before the kernel was entered */
	uint64_t end;  /* after it returned to the parent */
	uint64_t child;
};

_Static_assert(sizeof(struct mf_identity) == 96, "format");
_Static_assert(sizeof(struct mf_header) == 96 + 64 + 2 * 8 * MF_SEGMENTS_MAX + 48, "format");
_Static_assert(sizeof(struct mf_header) <= MF_HEADER_SIZE, "format");
_Static_assert(sizeof(struct mf_record) == 8, "format");
_Static_assert(sizeof(struct mf_call) == 48, "format");
_Static_assert(sizeof(struct mf_observation) == 40, "format");
_Static_assert(sizeof(struct mf_stack) == 24, "format");
_Static_assert(sizeof(struct mf_file) == 40, "format");
_Static_assert(sizeof(struct mf_module) == 80, "format");
_Static_assert(sizeof(struct mf_snapshot_begin) == 32, "format");
_Static_assert(sizeof(struct mf_snapshot_vma) == 56, "format");
_Static_assert(sizeof(struct mf_snapshot_vmas) == 24, "format");
_Static_assert(sizeof(struct mf_snapshot_end) == 40, "format");
_Static_assert(sizeof(struct mf_limits) == 152, "format");
_Static_assert(sizeof(struct mf_process) == 40, "format");
_Static_assert(sizeof(struct mf_own_ranges) == 24, "format");
_Static_assert(sizeof(struct mf_growth) == 16, "format");
_Static_assert(sizeof(struct mf_rules) == 16, "format");
_Static_assert(sizeof(struct mf_note) == 24, "format");
_Static_assert(sizeof(struct mf_process_end) == 24, "format");
_Static_assert(sizeof(struct mf_child) == 32, "format");
_Static_assert(sizeof(struct mf_snapshot_vmas) + MF_SNAPSHOT_VMAS_MAX * sizeof(struct mf_snapshot_vma) <= MF_RECORD_SIZE_MAX,
	"format");

#define MF_CHECK_SEED 0x6D617066726179ULL

/* Mixes `count` 8-byte words into `state`; every step is a bijection of state, so one changed word always shows
 * in the 64-bit result. Does not enter libc. */
static inline uint64_t mf_mix(uint64_t state, const void *words, size_t count)
{
	const unsigned char *bytes = (const unsigned char *)words;
	for (size_t i = 0; i < count; i++) {
		uint64_t word;
		__builtin_memcpy(&word, bytes + 8 * i, 8);
		state = (state ^ word) * 0x9E3779B97F4A7C15ULL;
		state ^= state >> 32;
	}
	return state;
}

/* The check of a record that is `size` bytes at `record` and stands at stream position `position`.
 * Its own check field counts as zero. Does not enter libc. */
static inline uint32_t mf_record_check(uint64_t position, const void *record)
{
	struct mf_record head;
	__builtin_memcpy(&head, record, sizeof head);
	head.check = 0;
	uint64_t state = mf_mix(position ^ MF_CHECK_SEED, &head, 1);
	return (uint32_t)mf_mix(state, (const char *)record + 8, head.size / 8u - 1u);
}

/* The check of the identity part of a header. Does not enter libc. */
static inline uint64_t mf_identity_check(const struct mf_identity *identity)
{
	return mf_mix(0x68656164ULL, identity, sizeof *identity / 8);
}

/* A stream position (below 2^48) with a check above it: a damaged one would hide records that are there. Does
 * not enter libc. */
static inline uint64_t mf_folded(uint64_t position)
{
	return position | (mf_mix(0x666F6C64ULL, &position, 1) & ~0ULL << 48);
}

/* The position again; 0 if it is damaged, and where nothing was folded. Does not enter libc. */
static inline uint64_t mf_folded_position(uint64_t folded)
{
	uint64_t position = folded & ~(~0ULL << 48);
	return mf_folded(position) == folded ? position : 0;
}

#endif

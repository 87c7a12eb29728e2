/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon sees of BPF: descriptors handed over by a loader program, and a ring of records.
 *
 * libbpf and libelf never enter the daemon. mm_bpf_start runs memmgr-bpf-loader, which loads and attaches the
 * programs, passes the ring, the counter of lost records and the links as descriptors, and ends; so do the
 * privileges that loading needs. The links hold the programs: closing them detaches everything, also when
 * the daemon dies. Each program may be missing; nothing here is needed for the daemon to work.
 *
 *     mm_bpf_new -> mm_bpf_start -> [progress descriptor readable] mm_bpf_receive -> mm_bpf_consume ... ->
 * mm_bpf_free
 *
 * All of it belongs to one thread. Nothing allocates but mm_bpf_new and mm_bpf_start.
 */
#ifndef MM_BPF_BPF_H
#define MM_BPF_BPF_H

#include "bpf/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_BPF_REASON_MAX 320

/* Room for 1000 records: more processes than die at once, in few resident pages (they count twice). */
#define MM_BPF_RING_BYTES_DEFAULT 65536
/* 64 MiB, the most a ring may take: a limit on mistakes, far above use. */
#define MM_BPF_RING_BYTES_MAX 67108864u

/* Loading takes 15 to 60 ms; this is for a machine that is out of breath, or emulated (2 s). */
#define MM_BPF_TIMEOUT_MS_DEFAULT 5000

/* What is attached, a mask. */
enum mm_bpf_program {
    MM_BPF_PROGRAM_EXIT = 1 << 0,          /* MM_BPF_RECORD_EXIT is reported */
    MM_BPF_PROGRAM_OOM_SCORE_ADJ = 1 << 1, /* MM_BPF_RECORD_OOM_SCORE_ADJ is reported */
    MM_BPF_PROGRAM_FORK = 1 << 2,
    MM_BPF_PROGRAM_EXEC = 1 << 3,
    MM_BPF_PROGRAM_COMM = 1 << 4,
    MM_BPF_PROGRAM_MOVED = 1 << 5,
    MM_BPF_PROGRAM_GROUP_CREATED = 1 << 6,
    MM_BPF_PROGRAM_GROUP_REMOVED = 1 << 7,
    MM_BPF_PROGRAM_GROUP_POPULATED = 1 << 8,
    MM_BPF_PROGRAM_GROUP_FROZEN = 1 << 9,
    MM_BPF_PROGRAM_ALL = (1 << 10) - 1, /* of the life of processes and groups */

    MM_BPF_PROGRAM_DIRECT_RECLAIM = 1 << 10,
    MM_BPF_PROGRAM_MEMCG_RECLAIM = 1 << 11,
    MM_BPF_PROGRAM_COMPACTION = 1 << 12,
    MM_BPF_PROGRAM_THROTTLED = 1 << 13,
    MM_BPF_PROGRAM_KSWAPD = 1 << 14,
    MM_BPF_PROGRAM_OOM_VICTIM = 1 << 15,
    MM_BPF_PROGRAM_MEMORY = ((1 << 16) - 1) & ~((1 << 10) - 1),
};

struct mm_bpf_options {
    const char *loader_path; /* absolute path of memmgr-bpf-loader */
    uint32_t ring_bytes;     /* rounded up to a power of two of at least a page; 0: the default */
    uint32_t timeout_ms;     /* the loader kills itself after this; 0: the default */
    uint64_t domain_group;   /* inode of the domain's group in the memory hierarchy; 0: the whole machine */
    bool is_classic;         /* do without BTF although the kernel has it: for tests */
    bool is_untimed;         /* do without timers in programs: for tests */
};

struct mm_bpf;

/* -ENOMEM. */
int mm_bpf_new(struct mm_bpf **ret_bpf);
/* Detaches the programs, unmaps and closes everything; ends a loader still at work. Accepts NULL. */
void mm_bpf_free(struct mm_bpf *bpf);

/*
 * Runs the loader and returns at once. Writes of this process to oom_score_adj will not be reported. Negative
 * errno, with mm_bpf_reason, when it cannot be run. -EBUSY when started before.
 */
int mm_bpf_start(struct mm_bpf *bpf, const struct mm_bpf_options *options);

/* Readable when mm_bpf_receive has something to say; -1 when no loader is at work. Never close it. */
int mm_bpf_progress_fd(const struct mm_bpf *bpf);

/*
 * Takes the loader's answer; never waits for it. 0: at least one program is attached, the ring can be read.
 * -EAGAIN: no answer yet. Any other negative errno: there will be no BPF, mm_bpf_reason says why. Unless it
 * returns -EAGAIN the progress descriptor may be closed by the call: stop watching it before.
 *
 * After 0 there is still a progress descriptor while the programs that watch memory are being loaded. The call that takes
 * that answer returns 0 as well, whatever it is: mm_bpf_memory_reason.
 */
int mm_bpf_receive(struct mm_bpf *bpf);
/* Ends a loader that has not answered in time. Returns -ETIMEDOUT, but 0 when only memory's programs are missing then.
   Closes the progress descriptor as well. */
int mm_bpf_give_up(struct mm_bpf *bpf);
/* The two above, for both answers, with a wait of at most the options' timeout, for those who have no loop. */
int mm_bpf_wait(struct mm_bpf *bpf);

/* One line: why there is no BPF, or how there is, and what is missing. "not started" before start. */
const char *mm_bpf_reason(const struct mm_bpf *bpf);

/* The same of the programs that watch memory. */
const char *mm_bpf_memory_reason(const struct mm_bpf *bpf);

/* enum mm_bpf_program, or-ed; 0 until mm_bpf_receive returned 0. */
unsigned mm_bpf_programs(const struct mm_bpf *bpf);

/* Readable (EPOLLIN, level) once the ring holds a record that wakes, see mm_bpf_watch, or one that was gathered long
   enough, until all are read; -1 without a ring. */
int mm_bpf_ring_fd(const struct mm_bpf *bpf);

/* How long after a wake-up there may be records that do not wake by themselves, so that whoever was woken has to look
   again; 0 where the ring sees to it. */
uint64_t mm_bpf_look_again_ns(const struct mm_bpf *bpf);

/*
 * The end of this process, and what others write to its oom_score_adj, make the ring's descriptor readable at once.
 * All other records do when they have waited for MM_BPF_GATHER_NS, or fill a quarter of the ring. The end of a process
 * takes its watch away. Without a ring this does nothing.
 */
void mm_bpf_watch(struct mm_bpf *bpf, pid_t pid);

/* NULL without memory's programs. The kernel writes while it is read. */
const struct mm_bpf_stall_totals *mm_bpf_totals(const struct mm_bpf *bpf);

/* Stalls that have not ended. */
struct mm_bpf_stalls {
    unsigned count;      /* without kswapd */
    uint64_t longest_ns; /* since when the oldest of them lasts */
    pid_t longest_pid;   /* whose thread; 0: there is none */
};
/* Looks at each of them, some 2 us for one. -EOPNOTSUPP without memory's programs, -EPERM where the kernel allows nobody
   without CAP_BPF to read maps. */
int mm_bpf_read_stalls(const struct mm_bpf *bpf, struct mm_bpf_stalls *ret_stalls);

/* Its real size, after rounding; 0 without a ring. */
size_t mm_bpf_ring_bytes(const struct mm_bpf *bpf);

/* record lives until the visit returns. */
typedef void (*mm_bpf_visit)(const struct mm_bpf_record *record, void *user);

/*
 * Hands over at most max records, oldest first; what is left keeps the ring's descriptor readable. Returns
 * how many, -ENODATA without a ring, -EBADMSG when the ring's content makes no sense: it cannot be read any
 * more then.
 */
int mm_bpf_consume(struct mm_bpf *bpf, unsigned max, mm_bpf_visit visit, void *user);

/* Records that found the ring full since the programs were attached. Two loads per CPU, no system call. */
uint64_t mm_bpf_lost(const struct mm_bpf *bpf);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the BPF programs write into the ring and user space reads: one record of fixed size for every type. */
#ifndef MM_BPF_RECORDS_H
#define MM_BPF_RECORDS_H

#include <stdint.h>

/* Counts up with each change of struct mm_bpf_record: loader and daemon may come from two builds. */
#define MM_BPF_RECORD_VERSION 2

#ifdef __cplusplus
#define MM_BPF_STATIC_ASSERT static_assert
#else
#define MM_BPF_STATIC_ASSERT _Static_assert
#endif

#define MM_BPF_COMM_SIZE 16 /* TASK_COMM_LEN */

/* Whose records wake the daemon: a page of bits, one for the low bits of a process id. What shares the bit of another
   wakes in its place, too; what has lost its bit to another's end is read with the next record that wakes. */
#define MM_BPF_WATCH_BITS  32768
#define MM_BPF_WATCH_WORDS (MM_BPF_WATCH_BITS / 64)

/* What nobody waits for is gathered so long before it wakes the daemon: at most 50 wake-ups per second, however much is
   started and ended, and none while nothing is. */
#define MM_BPF_GATHER_NS 20000000

enum mm_bpf_record_type {
    MM_BPF_RECORD_EXIT = 1,      /* the last thread of a process has exited */
    MM_BPF_RECORD_OOM_SCORE_ADJ, /* somebody else than the daemon wrote it; value is the new one */
    MM_BPF_RECORD_FORK,          /* a process, not a thread, has begun; actor is its parent */
    MM_BPF_RECORD_EXEC,          /* it is another program now */
    MM_BPF_RECORD_COMM,          /* its leader has given itself another name */
    /* somebody moved it between groups: value is 1 when it is in the domain now */
    MM_BPF_RECORD_MOVED,
    MM_BPF_RECORD_STALL, /* value is enum mm_bpf_stall; it begins, or has lasted for length_ns */
    /* the kernel kills the process, as memory is out; actor is who asked for some */
    MM_BPF_RECORD_OOM_VICTIM,
    MM_BPF_RECORD_GROUP, /* a control group: group_id, value is enum mm_bpf_group_change, comm its name */
};

enum mm_bpf_group_change {
    MM_BPF_GROUP_CREATED,
    MM_BPF_GROUP_REMOVED,
    MM_BPF_GROUP_POPULATED, /* its first process came, to it or below it */
    MM_BPF_GROUP_EMPTY,     /* the last one left */
    MM_BPF_GROUP_FROZEN,    /* v2 only */
    MM_BPF_GROUP_THAWED,
};

/* A thread waits for memory to be found, or, kswapd, finds it. */
enum mm_bpf_stall {
    MM_BPF_STALL_DIRECT,     /* reclaims by itself: the machine is short of memory */
    MM_BPF_STALL_MEMCG,      /* the same for the limit of a group */
    MM_BPF_STALL_COMPACTION, /* moves pages for an allocation in one piece */
    MM_BPF_STALL_THROTTLED,  /* waits for others' reclaim; told at its end only, from 5.16 */
    MM_BPF_STALL_KSWAPD,     /* kswapd is awake */
    MM_BPF_STALL_COUNT
};

/* Of a stall that ends after so long the end is always reported; of a shorter one only where its begin was. */
#define MM_BPF_STALL_LONG_NS 20000000

/* A stall under way, in a hash map by mm_bpf_stall_key. */
struct mm_bpf_stall_begin {
    uint64_t time_ns;
    int32_t tgid; /* 0: of a kernel thread */
    uint32_t is_told;
};

struct mm_bpf_stall_key {
    uint32_t tid; /* in the initial pid namespace */
    uint32_t stall;
};

/* More threads than a small machine has in reclaim at once; those beyond are not counted. */
#define MM_BPF_STALLS_MAX 256

/* A page that the daemon maps. */
struct mm_bpf_stall_totals {
    struct {
        uint64_t count;
        uint64_t length_ns; /* of those that ended */
    } stalls[MM_BPF_STALL_COUNT];
    uint64_t in_progress; /* without kswapd */
    uint64_t told_ns;     /* when the last begin was reported */
};

enum mm_bpf_record_flag {
    MM_BPF_FLAG_UID = 1 << 0,   /* uid is known */
    MM_BPF_FLAG_START = 1 << 1, /* start_ns is known */
    MM_BPF_FLAG_BEGIN = 1 << 2, /* a stall begins; without: it ends */
};

/* Process ids are those of the daemon's pid namespace; processes it cannot see and kernel threads are not reported. */
struct mm_bpf_record {
    uint64_t time_ns;  /* CLOCK_MONOTONIC */
    uint64_t start_ns; /* the process's start in CLOCK_BOOTTIME: with tgid, its identity */
    union {
        uint64_t group_id;  /* inode of its directory, which no later group of the same path has */
        uint64_t length_ns; /* of a stall that ended */
    };
    uint8_t type;
    uint8_t flags;
    int16_t value; /* oom_score_adj, unless the type says another thing */
    int32_t tgid;
    /* who did it, a tgid: the writer of oom_score_adj; 0 when not visible or not known. Of a stall how many there are. */
    int32_t actor;
    uint32_t uid;                /* real, in the initial user namespace */
    char comm[MM_BPF_COMM_SIZE]; /* of the process's leader; any bytes but NUL */
};

MM_BPF_STATIC_ASSERT(sizeof(struct mm_bpf_record) == 56, "the layout is shared by two compilers");
MM_BPF_STATIC_ASSERT(sizeof(struct mm_bpf_record) % 8 == 0, "the ring aligns records to 8 bytes");

#endif

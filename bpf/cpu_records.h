/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs of cpuflow and user space share: the values of its maps. */
#ifndef MM_BPF_CPU_RECORDS_H
#define MM_BPF_CPU_RECORDS_H

#include <stdint.h>

/* Counts up with each change of what stands here. */
#define MM_BPF_CPU_VERSION 2

/* Processes that can be told apart between two readings; the time of further ones is lost, and counted. Each of the two
   maps takes some 50 bytes for each, and 32 more for each processor. */
#define MM_BPF_CPU_PROCESSES_MAX 4096

/* A weight of 1: the processor ran at its highest frequency, or nobody knows at which. */
#define MM_BPF_CPU_WEIGHT_ONE 1024

/* What a process did on one processor since the last reading; all zero: nothing there. */
struct mm_bpf_cpu_time {
    uint64_t run_ns;
    uint64_t weighted_ns; /* each nanosecond times the frequency over the highest one */
    uint64_t start_ns;    /* of the process, on the boot-time clock; 0: not known */
    int32_t tgid;         /* as the daemon knows it; 0: outside its pid namespace */
    uint32_t switches;    /* away from it */
};

/* A processor: a cache line of its own. */
struct mm_bpf_cpu_state {
    uint64_t base_ns;    /* what the clock of the one that runs said when it was charged last */
    uint64_t changed_ns; /* when the frequency changed since then, for the last time; 0: it did not */
    uint64_t between_ns; /* from its first change since then to its last one */
    uint64_t lost_ns;    /* of processes that found no room */
    uint64_t total_ns;   /* of all processes, those that were lost, too */
    uint32_t lost_count; /* how often that was */
    uint32_t max_khz;    /* 0: not known, the weight is 1 */
    uint16_t weight;     /* until the first change */
    uint16_t between_weight;
    uint16_t next_weight; /* since changed_ns */
    uint16_t is_begun;
    uint32_t runner; /* the thread that was switched to last, where the programs know it */
    uint32_t unused;
};

#endif

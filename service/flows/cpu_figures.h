/* SPDX-License-Identifier: Apache-2.0 */
/* What cpuflow tells of processes: run time over the last interval, made from what BPF collected. */
#ifndef MM_SERVICE_CPU_FIGURES_H
#define MM_SERVICE_CPU_FIGURES_H

#include "bpf/cpu.h"

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of the flow, whose figures are of struct mm_cpu_figures. */
#define MM_CPUFLOW_NAME "cpuflow"

struct mm_cpu_process {
    int32_t pid;
    uint32_t permille;          /* of one processor: 2000 is two of them all the time */
    uint32_t weighted_permille; /* as if at the highest frequency */
    uint64_t start_ns;          /* on the boot-time clock; 0: not known */
};

struct mm_cpu_figures {
    uint64_t interval_ns;
    uint64_t total_ns;             /* since the maps were made, maybe by a daemon that died */
    uint64_t busy_ns, weighted_ns; /* of all processes in it, those outside our pid namespace, too */
    uint64_t lost_ns, lost_count;  /* in it: found no room, and counts in nothing else */
    size_t count;
    struct mm_cpu_process processes[]; /* by pid */
};

/*
 * snapshot is what happened in interval_ns (above 0); before: what was lost up to its beginning, and, replaced, its end.
 * NULL when there is no memory; the caller frees it.
 */
struct mm_cpu_lost {
    uint64_t ns, count;
};
struct mm_cpu_figures *mm_cpu_figures_new(const struct mm_bpf_cpu_snapshot *snapshot, uint64_t interval_ns,
                                          struct mm_cpu_lost *before);

/* NULL: it did not run in the interval, or it was another process of that number. start_ticks is field 22 of its stat,
   in units of 1 / ticks_per_second s. */
const struct mm_cpu_process *mm_cpu_figures_find(const struct mm_cpu_figures *figures, pid_t pid,
                                                 uint64_t start_ticks, uint64_t ticks_per_second);

#ifdef __cplusplus
}
#endif

#endif

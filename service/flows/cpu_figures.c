/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/cpu_figures.h"

#include "common/common.h"

#include <stdlib.h>

static uint32_t permille_of(uint64_t run_ns, uint64_t interval_ns)
{
    /* no machine has more than 2^16 processors: far from where this wraps */
    uint64_t permille = (run_ns * 1000 + interval_ns / 2) / interval_ns;

    return (uint32_t)MM_MIN(permille, UINT32_MAX);
}

static void add(struct mm_cpu_figures *figures, const struct mm_bpf_cpu_time *time)
{
    figures->busy_ns += time->run_ns;
    figures->weighted_ns += time->weighted_ns;
    if (time->tgid <= 0)
        return;
    figures->processes[figures->count++] = (struct mm_cpu_process){
        .pid = time->tgid,
        .permille = permille_of(time->run_ns, figures->interval_ns),
        .weighted_permille = permille_of(time->weighted_ns, figures->interval_ns),
        .start_ns = time->start_ns,
    };
}

struct mm_cpu_figures *mm_cpu_figures_new(const struct mm_bpf_cpu_snapshot *snapshot, uint64_t interval_ns,
                                          struct mm_cpu_lost *before)
{
    struct mm_cpu_figures *figures =
        calloc(1, sizeof(*figures) + snapshot->count * sizeof(figures->processes[0]));

    if (!figures)
        return NULL;
    figures->interval_ns = interval_ns;
    figures->total_ns = snapshot->total_ns;
    figures->lost_ns = snapshot->lost_ns - before->ns;
    figures->lost_count = snapshot->lost_count - before->count;
    *before = (struct mm_cpu_lost){.ns = snapshot->lost_ns, .count = snapshot->lost_count};
    for (size_t i = 0; i < snapshot->count; i++)
        add(figures, &snapshot->processes[i]);
    return figures;
}

static int compare(const void *key, const void *element)
{
    pid_t pid = *(const pid_t *)key, other = ((const struct mm_cpu_process *)element)->pid;

    return (pid > other) - (pid < other);
}

const struct mm_cpu_process *mm_cpu_figures_find(const struct mm_cpu_figures *figures, pid_t pid,
                                                 uint64_t start_ticks, uint64_t ticks_per_second)
{
    const struct mm_cpu_process *found =
        bsearch(&pid, figures->processes, figures->count, sizeof(figures->processes[0]), compare);

    if (!found || found->start_ns == 0)
        return found;
    return found->start_ns / (MM_NS_PER_S / ticks_per_second) == start_ticks ? found : NULL;
}

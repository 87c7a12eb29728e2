/* SPDX-License-Identifier: Apache-2.0 */
/* cpuflow: reads from time to time what BPF collected of every process' run time. */
#include "bpf/cpu.h"
#include "common/common.h"
#include "common/thread.h"
#include "service/flows/cpu_figures.h"
#include "service/flows/flow_bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct mm_bpf_cpu *cpu;
    uint64_t taken_ns;
    struct mm_cpu_lost lost;
    uint64_t told_lost_count;
};

static void tell_losses(struct reading *reading, const struct mm_cpu_figures *figures)
{
    if (figures->lost_count == 0 || reading->told_lost_count > 0)
        return;
    reading->told_lost_count = figures->lost_count;
    mm_warning("cpuflow: more than %d processes ran between two readings; the time of the others is lost",
               MM_BPF_CPU_PROCESSES_MAX);
}

static int read_once(struct mm_flow *flow, void *user)
{
    struct reading *reading = user;
    struct mm_bpf_cpu_snapshot *snapshot;
    struct mm_cpu_figures *figures;
    /* the maps are exchanged first, and then waited for */
    uint64_t now_ns = mm_thread_now_ns();
    int result = mm_bpf_cpu_read(reading->cpu, &snapshot);

    if (result < 0) {
        mm_flow_explain(flow, "what was collected cannot be read: %s", strerror(-result));
        return result == -EPERM ? -EOPNOTSUPP : result;
    }
    figures = mm_cpu_figures_new(snapshot, MM_MAX(now_ns - reading->taken_ns, 1), &reading->lost);
    free(snapshot);
    if (!figures)
        return -ENOMEM;
    reading->taken_ns = now_ns;
    tell_losses(reading, figures);
    mm_flow_publish(flow, figures);
    return 0;
}

/* What one that died had not read: nobody knows how long that took, so that it counts in the totals alone. */
static int drop_old(struct mm_flow *flow, struct reading *reading)
{
    int result = 0;

    for (int slot = 0; result == 0 && slot < 2; slot++) {
        struct mm_bpf_cpu_snapshot *snapshot = NULL;

        reading->taken_ns = mm_thread_now_ns();
        result = mm_bpf_cpu_read(reading->cpu, &snapshot);
        if (result < 0)
            break;
        reading->lost = (struct mm_cpu_lost){.ns = snapshot->lost_ns, .count = snapshot->lost_count};
        free(snapshot);
    }
    if (result < 0)
        mm_flow_explain(flow, "the maps that were taken over cannot be read: %s", strerror(-result));
    return result;
}

static int collect(struct mm_flow *flow, const struct mm_flow_bpf *options, struct mm_bpf_cpu *cpu)
{
    struct reading reading = {.cpu = cpu, .taken_ns = mm_thread_now_ns()};
    bool is_taken_over = mm_bpf_cpu_collector(cpu)->flags & MM_BPF_COLLECTOR_IS_TAKEN_OVER;
    int result = is_taken_over ? drop_old(flow, &reading) : 0;

    return result < 0 ? result : mm_flow_bpf_repeat(flow, options, read_once, &reading);
}

static int run(struct mm_flow *flow, void *user)
{
    const struct mm_flow_bpf *options = user;
    struct mm_bpf_cpu *cpu = NULL;
    int result = mm_bpf_cpu_new(&options->collector, &cpu);

    result = mm_flow_bpf_load(flow, options, result, cpu ? mm_bpf_cpu_collector(cpu) : NULL);
    if (result == 0)
        result = collect(flow, options, cpu);
    mm_bpf_cpu_free(cpu);
    return result == -ECANCELED ? 0 : result;
}

const struct mm_flow_ops mm_flow_cpu_ops = {
    .name = MM_CPUFLOW_NAME,
    .thread_name = "memmgr-cpuflow",
    .summary = "run time of every process",
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/flow_cpu.h"

#include "common/common.h"
#include "common/thread.h"
#include "service/flows/cpu_figures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first figures come soon, whatever the interval: somebody has just asked for them. */
#define FIRST_INTERVAL_MS 1000

struct reading {
    struct mm_bpf_cpu *cpu;
    uint64_t taken_ns;
    struct mm_cpu_lost lost;
    uint64_t told_lost_count;
};

void mm_flow_cpu_set_interval(struct mm_flow_cpu *options, uint32_t interval_ms)
{
    __atomic_store_n(&options->interval_ms, interval_ms, __ATOMIC_RELAXED);
}

static unsigned interval_ms_of(const struct mm_flow_cpu *options)
{
    return __atomic_load_n(&options->interval_ms, __ATOMIC_RELAXED);
}

/* Until the programs are attached. 0 or a negative errno, explained. */
static int load(struct mm_flow *flow, const struct mm_flow_cpu *options, struct mm_bpf_cpu **ret_cpu)
{
    const struct mm_bpf_cpu_options cpu_options = {.loader_path = options->loader_path,
                                                   .pin_directory = options->pin_directory,
                                                   .timeout_ms = options->load_timeout_ms};
    int result = mm_bpf_cpu_new(&cpu_options, ret_cpu);

    if (result < 0) {
        mm_flow_explain(flow, "%s cannot be run: %s", options->loader_path, strerror(-result));
        /* built without it, or not installed */
        return result == -ENOENT ? -EOPNOTSUPP : result;
    }
    do {
        /* the loader ends itself when its time is over, which is readable, too */
        result = mm_flow_wait(flow, mm_bpf_cpu_progress_fd(*ret_cpu), options->load_timeout_ms * 2);
        if (result < 0)
            return result;
        result = result == 0 ? -ETIMEDOUT : mm_bpf_cpu_receive(*ret_cpu);
    } while (result == -EAGAIN);
    mm_flow_explain(flow, "%s",
                    result == -ETIMEDOUT ? "the loader was not done in time" : mm_bpf_cpu_reason(*ret_cpu));
    return result;
}

static void tell_losses(struct reading *reading, const struct mm_cpu_figures *figures)
{
    if (figures->lost_count == 0 || reading->told_lost_count > 0)
        return;
    reading->told_lost_count = figures->lost_count;
    mm_warning("cpuflow: more than %d processes ran between two readings; the time of the others is lost",
               MM_BPF_CPU_PROCESSES_MAX);
}

static int read_once(struct mm_flow *flow, struct reading *reading)
{
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

static int collect(struct mm_flow *flow, const struct mm_flow_cpu *options, struct mm_bpf_cpu *cpu)
{
    struct reading reading = {.cpu = cpu, .taken_ns = mm_thread_now_ns()};
    unsigned wait_ms = MM_MIN(interval_ms_of(options), FIRST_INTERVAL_MS);
    int result = mm_bpf_cpu_is_taken_over(cpu) ? drop_old(flow, &reading) : 0;

    if (result < 0)
        return result;
    mm_flow_begin(flow);
    do {
        result = mm_flow_wait(flow, -1, wait_ms);
        if (result == 0)
            result = read_once(flow, &reading);
        wait_ms = interval_ms_of(options);
    } while (result == 0);
    return result;
}

static int run(struct mm_flow *flow, void *user)
{
    const struct mm_flow_cpu *options = user;
    struct mm_bpf_cpu *cpu = NULL;
    int result = load(flow, options, &cpu);

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

/* SPDX-License-Identifier: Apache-2.0 */
/* gpuflow: reads from time to time what BPF collected of graphics hardware. */
#include "bpf/gpu.h"
#include "common/common.h"
#include "service/flows/flow_bpf.h"
#include "service/flows/gpu_figures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct mm_bpf_gpu *gpu;
    struct mm_bpf_gpu_snapshot *before;
    bool is_loss_told, are_errors_told;
};

/* Once each, as they come again and again. */
static void tell_losses(struct reading *reading, const struct mm_bpf_gpu_totals *totals)
{
    uint64_t lost = 0;

    for (unsigned i = 0; i < MM_BPF_GPU_LOST_COUNT; i++)
        lost += i == MM_BPF_GPU_LOST_JOB ? 0 : totals->lost[i];
    if (lost > 0 && !reading->is_loss_told)
        mm_warning(
            "gpuflow: there is more to tell apart than there is room for; \"memmgrctl flows --json\" says "
            "of what");
    reading->is_loss_told = lost > 0;
    if (totals->work_errors > 0 && !reading->are_errors_told)
        mm_warning("gpuflow: the graphics driver breaks the contract of gpu_work_period");
    reading->are_errors_told = totals->work_errors > 0;
}

static int take(struct mm_flow *flow, const struct reading *reading,
                struct mm_bpf_gpu_snapshot **ret_snapshot)
{
    int result = mm_bpf_gpu_read(reading->gpu, ret_snapshot);

    if (result < 0)
        mm_flow_explain(flow, "what was collected cannot be read: %s", strerror(-result));
    return result == -EPERM || result == -EINVAL ? -EOPNOTSUPP : result;
}

static int read_once(struct mm_flow *flow, void *user)
{
    struct reading *reading = user;
    struct mm_bpf_gpu_snapshot *now = NULL;
    struct mm_gpu_figures *figures;
    int result = take(flow, reading, &now);

    if (result < 0)
        return result;
    figures = mm_gpu_figures_new(reading->before, now);
    free(reading->before);
    reading->before = now;
    if (!figures)
        return -ENOMEM;
    tell_losses(reading, &figures->totals);
    mm_flow_publish(flow, figures);
    return 0;
}

static int collect(struct mm_flow *flow, const struct mm_flow_bpf *options, struct mm_bpf_gpu *gpu)
{
    struct reading reading = {.gpu = gpu};
    int result = take(flow, &reading, &reading.before);

    if (result == 0)
        result = mm_flow_bpf_repeat(flow, options, read_once, &reading);
    free(reading.before);
    return result;
}

static int run(struct mm_flow *flow, void *user)
{
    const struct mm_flow_bpf *options = user;
    struct mm_bpf_gpu *gpu = NULL;
    int result = mm_bpf_gpu_new(&options->collector, &gpu);

    result = mm_flow_bpf_load(flow, options, result, gpu ? mm_bpf_gpu_collector(gpu) : NULL);
    if (result == 0)
        result = collect(flow, options, gpu);
    mm_bpf_gpu_free(gpu);
    return result == -ECANCELED ? 0 : result;
}

const struct mm_flow_ops mm_flow_gpu_ops = {
    .name = MM_GPUFLOW_NAME,
    .thread_name = "memmgr-gpuflow",
    .summary = "graphics: power levels, who uses it",
    .run = run,
};

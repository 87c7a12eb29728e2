/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/gpu_hooks.h"

#include "bpf/gpu.h"
#include "bpf/tracefs.h"
#include "common/common.h"

#include <errno.h>

/* A paragraph to a way, a line to a hook. */
/* clang-format off */
#define FIELD(field, name)                  {MM_BPF_GPU_FIELD_##field, name, false}
#define OPTIONAL_FIELD(field, name)         {MM_BPF_GPU_FIELD_##field, name, true}
#define HOOK(event, function, ...)          {event, function, false, {__VA_ARGS__}}
#define OPTIONAL_HOOK(event, function, ...) {event, function, true, {__VA_ARGS__}}
/* The two fields by which a job is known again. */
#define JOB(stage, context, sequence)       FIELD(stage##_CONTEXT, context), FIELD(stage##_SEQUENCE, sequence)

const struct mm_gpu_way mm_gpu_ways[] = {
    /* Qualcomm's kgsl, in Hz; it tells power:gpu_frequency the same. Of one device alone: kgsl-3d0. */
    {MM_BPF_GPU_LEVEL, {1, 1000}, false, {
        HOOK("kgsl/kgsl_pwrlevel", "mm_gpu_change",
             FIELD(LEVEL_FREQUENCY, "freq"), OPTIONAL_FIELD(LEVEL_NUMBER, "pwrlevel"))}},
    /* Android's contract, in kHz: Mali, PowerVR, xe */
    {MM_BPF_GPU_LEVEL, {1, 1}, false, {
        HOOK("power/gpu_frequency", "mm_gpu_change",
             FIELD(LEVEL_FREQUENCY, "state"), OPTIONAL_FIELD(LEVEL_GPU, "gpu_id"))}},
    /* mainline's msm, in MHz */
    {MM_BPF_GPU_LEVEL, {1000, 1}, false, {
        HOOK("drm_msm_gpu/msm_gpu_freq_change", "mm_gpu_change", FIELD(LEVEL_FREQUENCY, "freq"))}},

    {MM_BPF_GPU_SHARE, {1, 1}, false, {
        HOOK("kgsl/kgsl_gpubusy", "mm_gpu_share", FIELD(BUSY_BUSY, "busy"), FIELD(BUSY_ELAPSED, "elapsed"))}},

    {MM_BPF_GPU_MEMORY, {1, 1}, true, {
        HOOK("gpu_mem/gpu_mem_total", "mm_gpu_memory_total",
             OPTIONAL_FIELD(MEMORY_GPU, "gpu_id"), FIELD(MEMORY_PID, "pid"), FIELD(MEMORY_SIZE, "size"))}},

    {MM_BPF_GPU_WORK, {1, 1}, false, {
        HOOK("power/gpu_work_period", "mm_gpu_work_period",
             OPTIONAL_FIELD(WORK_GPU, "gpu_id"), FIELD(WORK_UID, "uid"), FIELD(WORK_START, "start_time_ns"),
             FIELD(WORK_END, "end_time_ns"), FIELD(WORK_ACTIVE, "total_active_duration_ns"))}},

    /* kgsl again, in ticks of its counter of 19.2 MHz, which early releases do not tell */
    {MM_BPF_GPU_JOBS, {625, 12}, true, {
        HOOK("kgsl/adreno_cmdbatch_queued", "mm_gpu_job_queued", JOB(QUEUED, "id", "timestamp")),
        OPTIONAL_HOOK("kgsl/adreno_cmdbatch_submitted", "mm_gpu_job_begun", JOB(BEGUN, "id", "timestamp")),
        HOOK("kgsl/adreno_cmdbatch_retired", "mm_gpu_job_done", JOB(DONE, "id", "timestamp"),
             OPTIONAL_FIELD(DONE_ACTIVE, "active"), OPTIONAL_FIELD(DONE_START, "start"),
             OPTIONAL_FIELD(DONE_END, "retire"))}},
    /* mainline's msm, in ns; its pid is that of a thread */
    {MM_BPF_GPU_JOBS, {1, 1}, true, {
        HOOK("drm_msm_gpu/msm_gpu_submit", "mm_gpu_job_queued", FIELD(QUEUED_CONTEXT, "id")),
        HOOK("drm_msm_gpu/msm_gpu_submit_retired", "mm_gpu_job_done",
             FIELD(DONE_CONTEXT, "id"), FIELD(DONE_ACTIVE, "elapsed"))}},
    /* Mainline's scheduler, for any driver, from 6.17 on: since the hardware was given a job, what that waits there for
       others, too. */
    {MM_BPF_GPU_JOBS, {1, 1}, true, {
        HOOK("gpu_scheduler/drm_sched_job_queue", "mm_gpu_job_queued", JOB(QUEUED, "fence_context", "fence_seqno")),
        HOOK("gpu_scheduler/drm_sched_job_run", "mm_gpu_job_begun", JOB(BEGUN, "fence_context", "fence_seqno")),
        HOOK("gpu_scheduler/drm_sched_job_done", "mm_gpu_job_done", JOB(DONE, "fence_context", "fence_seqno"))}},
    {MM_BPF_GPU_JOBS, {1, 1}, true, {
        HOOK("gpu_scheduler/drm_sched_job", "mm_gpu_job_queued", FIELD(QUEUED_CONTEXT, "fence")),
        HOOK("gpu_scheduler/drm_run_job", "mm_gpu_job_begun", FIELD(BEGUN_CONTEXT, "fence")),
        HOOK("gpu_scheduler/drm_sched_process_job", "mm_gpu_job_done", FIELD(DONE_CONTEXT, "fence"))}},
};
/* clang-format on */

const size_t mm_gpu_way_count = MM_ARRAY_SIZE(mm_gpu_ways);

const char *mm_gpu_program_name(unsigned bit)
{
    static const char *const names[] = {"power level", "share busy", "memory", "work for users",
                                        "work for processes"};

    return names[__builtin_ctz(bit)];
}

int mm_gpu_hook_read(const struct mm_gpu_hook *hook, const char *root, struct mm_bpf_gpu_place *places,
                     const char **ret_missing)
{
    char format[4096]; /* a page is the most such a file shows */
    int result = mm_tracefs_read_format(root, hook->event, format, sizeof(format));

    if (result < 0)
        return result;
    for (const struct mm_gpu_field_row *row = hook->fields; row->name; row++) {
        struct mm_bpf_gpu_place place = {0};

        result = mm_tracefs_place(format, row->name, &place.offset, &place.size);
        if (result == 0 && place.size != sizeof(uint32_t) && place.size != sizeof(uint64_t))
            result = -EINVAL;
        if (result == 0)
            places[row->field] = place;
        else if (!row->is_optional) {
            *ret_missing = row->name;
            return -EINVAL;
        }
    }
    return 0;
}

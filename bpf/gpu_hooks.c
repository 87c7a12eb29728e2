/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/gpu_hooks.h"

#include "bpf/gpu.h"
#include "bpf/tracefs.h"
#include "common/common.h"

#include <errno.h>

#define MEMORY(field) MM_BPF_GPU_FIELD_MEMORY_##field
#define WORK(field)   MM_BPF_GPU_FIELD_WORK_##field
#define LEVEL(field)  MM_BPF_GPU_FIELD_LEVEL_##field

/* A hook that tells of a job, by the two fields that are its key; the second may be NULL. */
#define QUEUED(event, context, sequence)                                                                     \
    {                                                                                                        \
        event, "mm_gpu_job_queued", false,                                                                   \
        {                                                                                                    \
            {MM_BPF_GPU_FIELD_QUEUED_CONTEXT, context, false},                                               \
                {MM_BPF_GPU_FIELD_QUEUED_SEQUENCE, sequence, false},                                         \
        }                                                                                                    \
    }
#define BEGUN(event, is_optional, context, sequence)                                                         \
    {                                                                                                        \
        event, "mm_gpu_job_begun", is_optional,                                                              \
        {                                                                                                    \
            {MM_BPF_GPU_FIELD_BEGUN_CONTEXT, context, false},                                                \
                {MM_BPF_GPU_FIELD_BEGUN_SEQUENCE, sequence, false},                                          \
        }                                                                                                    \
    }
#define DONE(event, context, sequence)                                                                       \
    {                                                                                                        \
        event, "mm_gpu_job_done", false,                                                                     \
        {                                                                                                    \
            {MM_BPF_GPU_FIELD_DONE_CONTEXT, context, false},                                                 \
                {MM_BPF_GPU_FIELD_DONE_SEQUENCE, sequence, false},                                           \
        }                                                                                                    \
    }

const struct mm_gpu_way mm_gpu_ways[] = {
    /* Qualcomm's kgsl, in Hz; it tells power:gpu_frequency the same. Of one device alone: kgsl-3d0. */
    {MM_BPF_GPU_LEVEL,
     {1, 1000},
     false,
     {{"kgsl/kgsl_pwrlevel",
       "mm_gpu_change",
       false,
       {{LEVEL(FREQUENCY), "freq", false}, {LEVEL(NUMBER), "pwrlevel", true}}}}},
    /* Android's contract, in kHz: Mali, PowerVR, xe */
    {MM_BPF_GPU_LEVEL,
     {1, 1},
     false,
     {{"power/gpu_frequency",
       "mm_gpu_change",
       false,
       {{LEVEL(FREQUENCY), "state", false}, {LEVEL(GPU), "gpu_id", true}}}}},
    /* mainline's msm, in MHz */
    {MM_BPF_GPU_LEVEL,
     {1000, 1},
     false,
     {{"drm_msm_gpu/msm_gpu_freq_change", "mm_gpu_change", false, {{LEVEL(FREQUENCY), "freq", false}}}}},

    {MM_BPF_GPU_SHARE,
     {1, 1},
     false,
     {{"kgsl/kgsl_gpubusy",
       "mm_gpu_share",
       false,
       {{MM_BPF_GPU_FIELD_BUSY_BUSY, "busy", false}, {MM_BPF_GPU_FIELD_BUSY_ELAPSED, "elapsed", false}}}}},

    {MM_BPF_GPU_MEMORY,
     {1, 1},
     true,
     {{"gpu_mem/gpu_mem_total",
       "mm_gpu_memory_total",
       false,
       {{MEMORY(GPU), "gpu_id", true}, {MEMORY(PID), "pid", false}, {MEMORY(SIZE), "size", false}}}}},

    {MM_BPF_GPU_WORK,
     {1, 1},
     false,
     {{"power/gpu_work_period",
       "mm_gpu_work_period",
       false,
       {{WORK(GPU), "gpu_id", true},
        {WORK(UID), "uid", false},
        {WORK(START), "start_time_ns", false},
        {WORK(END), "end_time_ns", false},
        {WORK(ACTIVE), "total_active_duration_ns", false}}}}},

    /* kgsl again, in ticks of its counter of 19.2 MHz, which early releases do not tell */
    {MM_BPF_GPU_JOBS,
     {625, 12},
     true,
     {QUEUED("kgsl/adreno_cmdbatch_queued", "id", "timestamp"),
      BEGUN("kgsl/adreno_cmdbatch_submitted", true, "id", "timestamp"),
      {"kgsl/adreno_cmdbatch_retired",
       "mm_gpu_job_done",
       false,
       {{MM_BPF_GPU_FIELD_DONE_CONTEXT, "id", false},
        {MM_BPF_GPU_FIELD_DONE_SEQUENCE, "timestamp", false},
        {MM_BPF_GPU_FIELD_DONE_ACTIVE, "active", true},
        {MM_BPF_GPU_FIELD_DONE_START, "start", true},
        {MM_BPF_GPU_FIELD_DONE_END, "retire", true}}}}},
    /* mainline's msm, in ns; its pid is that of a thread */
    {MM_BPF_GPU_JOBS,
     {1, 1},
     true,
     {QUEUED("drm_msm_gpu/msm_gpu_submit", "id", NULL),
      {"drm_msm_gpu/msm_gpu_submit_retired",
       "mm_gpu_job_done",
       false,
       {{MM_BPF_GPU_FIELD_DONE_CONTEXT, "id", false}, {MM_BPF_GPU_FIELD_DONE_ACTIVE, "elapsed", false}}}}},
    /* Mainline's scheduler, for any driver, from 6.17 on: since a job was given to the hardware, what it waits there for
       others, too. */
    {MM_BPF_GPU_JOBS,
     {1, 1},
     true,
     {QUEUED("gpu_scheduler/drm_sched_job_queue", "fence_context", "fence_seqno"),
      BEGUN("gpu_scheduler/drm_sched_job_run", false, "fence_context", "fence_seqno"),
      DONE("gpu_scheduler/drm_sched_job_done", "fence_context", "fence_seqno")}},
    {MM_BPF_GPU_JOBS,
     {1, 1},
     true,
     {QUEUED("gpu_scheduler/drm_sched_job", "fence", NULL),
      BEGUN("gpu_scheduler/drm_run_job", false, "fence", NULL),
      DONE("gpu_scheduler/drm_sched_process_job", "fence", NULL)}},
};

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

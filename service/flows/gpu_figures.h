/* SPDX-License-Identifier: Apache-2.0 */
/* What gpuflow tells: of graphics hardware, of processes and users over the last interval, made from what BPF collected. */
#ifndef MM_SERVICE_GPU_FIGURES_H
#define MM_SERVICE_GPU_FIGURES_H

#include "bpf/gpu.h"

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of the flow, whose figures are of struct mm_gpu_figures. */
#define MM_GPUFLOW_NAME "gpuflow"

struct mm_gpu_process {
    int32_t pid;
    uint32_t permille;     /* of the interval, on all devices together */
    uint64_t memory_bytes; /* now */
};

struct mm_gpu_user {
    uint32_t uid;
    uint32_t permille;
    uint64_t errors; /* periods that break the contract, since the map was made or cleared */
};

struct mm_gpu_level {
    uint32_t gpu, khz;
    uint64_t time_ns; /* since the maps were made */
    uint64_t count;
};

struct mm_gpu_device {
    uint32_t gpu, khz, level;
    bool is_level_known;
    bool has_share;    /* its driver told of the interval */
    uint32_t permille; /* busy */
    uint64_t memory_bytes;
};

/* One piece of memory. */
struct mm_gpu_figures {
    uint64_t interval_ns;
    unsigned programs; /* enum mm_bpf_gpu_program: what else is not known and not 0 */
    struct mm_bpf_gpu_totals totals;
    uint32_t process_count, user_count, level_count, device_count;
    struct mm_gpu_process *processes; /* by pid; those that had no job have memory */
    struct mm_gpu_user *users;        /* by uid */
    struct mm_gpu_level *levels;      /* by device, then frequency; with the time at the one it is at */
    struct mm_gpu_device *devices;    /* by number */
};

/* Of what happened between the two, the first of which is earlier. NULL when there is no memory; the caller frees it. */
struct mm_gpu_figures *mm_gpu_figures_new(const struct mm_bpf_gpu_snapshot *before,
                                          const struct mm_bpf_gpu_snapshot *now);

/* NULL: it has no memory and did nothing. */
const struct mm_gpu_process *mm_gpu_figures_process(const struct mm_gpu_figures *figures, pid_t pid);
/* NULL: nothing was done for that user since the map was made or cleared. */
const struct mm_gpu_user *mm_gpu_figures_user(const struct mm_gpu_figures *figures, uid_t uid);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What graphics hardware does, at which power level, and for whom, as the programs of gpuflow collect it from whichever
 * tracepoints the drivers of this kernel have (load_gpu.c lists them).
 *
 *     mm_bpf_gpu_new -> [as of collector.h] mm_bpf_collector_receive -> mm_bpf_gpu_read ... -> mm_bpf_gpu_free
 *
 * The maps only count up; a reading takes nothing away from whoever else reads them where they are pinned.
 */
#ifndef MM_BPF_GPU_H
#define MM_BPF_GPU_H

#include "bpf/collector.h"
#include "bpf/gpu_records.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is collected, a mask; each where the kernel has the tracepoints. */
enum mm_bpf_gpu_program {
    MM_BPF_GPU_LEVEL = 1 << 0,  /* power levels and the time in each */
    MM_BPF_GPU_SHARE = 1 << 1,  /* how busy a device is */
    MM_BPF_GPU_MEMORY = 1 << 2, /* memory of processes and of all */
    MM_BPF_GPU_WORK = 1 << 3,   /* work for users */
    MM_BPF_GPU_JOBS = 1 << 4,   /* work for processes */
};

/* Of struct mm_bpf_loader_message for these: "mg". */
#define MM_BPF_GPU_LOADER_VERSION (0x6d670000u | MM_BPF_GPU_VERSION)

/* In the order in which the loader passes them, before the links. */
enum mm_bpf_gpu_descriptor {
    MM_BPF_GPU_MAP_TOTALS,
    MM_BPF_GPU_MAP_DEVICES,
    MM_BPF_GPU_MAP_LEVELS,
    MM_BPF_GPU_MAP_BUSY,
    MM_BPF_GPU_MAP_MEMORY,
    MM_BPF_GPU_MAP_WORK,
    MM_BPF_GPU_DESCRIPTORS,
};

/* Their names, which they have in a bpffs, too. */
#define MM_BPF_GPU_MAP_NAMES                                                                                 \
    {                                                                                                        \
        "mm_gpu_totals", "mm_gpu_devices", "mm_gpu_levels", "mm_gpu_busy", "mm_gpu_memory", "mm_gpu_work"    \
    }

/* Where the daemon has its maps pinned. */
#define MM_BPF_GPU_PIN_DIRECTORY "/sys/fs/bpf/memmgr-gpuflow"

struct mm_bpf_gpu;

/* Runs the loader and returns at once. Negative errno when it cannot be run. */
int mm_bpf_gpu_new(const struct mm_bpf_collector_options *options, struct mm_bpf_gpu **ret_gpu);
/* What was pinned is gone after it. Accepts NULL. */
void mm_bpf_gpu_free(struct mm_bpf_gpu *gpu);
/* What receives the loader's answer, and knows it. */
struct mm_bpf_collector *mm_bpf_gpu_collector(struct mm_bpf_gpu *gpu);

/* All that the maps hold, since they were made; keys and values stand at the same index, in no order. */
struct mm_bpf_gpu_snapshot {
    uint64_t taken_ns; /* CLOCK_MONOTONIC */
    unsigned programs; /* enum mm_bpf_gpu_program */
    struct mm_bpf_gpu_totals totals;
    /* The map was more than half full and begins anew, from 0, after what stands here. */
    bool is_busy_cleared, is_work_cleared;
    uint32_t device_count, level_count, busy_count, memory_count, work_count;
    uint32_t device_keys[MM_BPF_GPU_DEVICES_MAX];
    struct mm_bpf_gpu_device devices[MM_BPF_GPU_DEVICES_MAX];
    struct mm_bpf_gpu_key level_keys[MM_BPF_GPU_LEVELS_MAX];
    struct mm_bpf_gpu_level levels[MM_BPF_GPU_LEVELS_MAX];
    struct mm_bpf_gpu_key busy_keys[MM_BPF_GPU_USES_MAX];
    struct mm_bpf_gpu_busy busy[MM_BPF_GPU_USES_MAX];
    struct mm_bpf_gpu_key memory_keys[MM_BPF_GPU_USES_MAX];
    uint64_t memory_bytes[MM_BPF_GPU_USES_MAX];
    struct mm_bpf_gpu_key work_keys[MM_BPF_GPU_USES_MAX];
    struct mm_bpf_gpu_work work[MM_BPF_GPU_USES_MAX];
};

/*
 * Memory of processes that are gone is forgotten, as no driver may have told. The caller frees the snapshot. -ENOMEM;
 * -EPERM where maps may be read only with CAP_BPF; other negative errno from the kernel, of which 5.6 or later is needed.
 */
int mm_bpf_gpu_read(const struct mm_bpf_gpu *gpu, struct mm_bpf_gpu_snapshot **ret_snapshot);

#ifdef __cplusplus
}
#endif

#endif

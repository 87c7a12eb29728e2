/* SPDX-License-Identifier: Apache-2.0 */
/* The flow's side of gpuflow's programs: reads the maps, and keeps them from filling up. */
#include "bpf/gpu.h"

#include "bpf/call.h"
#include "common/common.h"
#include "common/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

struct mm_bpf_gpu {
    struct mm_bpf_collector collector;
};

static const char *const map_names[] = MM_BPF_GPU_MAP_NAMES;

static const struct mm_bpf_collector_kind kind = {
    .option = "--gpu",
    .version = MM_BPF_GPU_LOADER_VERSION,
    .descriptors = MM_BPF_GPU_DESCRIPTORS,
    .map_names = map_names,
    .map_count = MM_ARRAY_SIZE(map_names),
};

int mm_bpf_gpu_new(const struct mm_bpf_collector_options *options, struct mm_bpf_gpu **ret_gpu)
{
    struct mm_bpf_gpu *gpu = calloc(1, sizeof(*gpu));
    int result;

    if (!gpu)
        return -ENOMEM;
    result = mm_bpf_collector_start(&gpu->collector, &kind, options);
    if (result < 0)
        free(gpu);
    else
        *ret_gpu = gpu;
    return result;
}

void mm_bpf_gpu_free(struct mm_bpf_gpu *gpu)
{
    if (!gpu)
        return;
    mm_bpf_collector_end(&gpu->collector);
    free(gpu);
}

struct mm_bpf_collector *mm_bpf_gpu_collector(struct mm_bpf_gpu *gpu)
{
    return &gpu->collector;
}

static int read_all(const int *fds, struct mm_bpf_gpu_snapshot *snapshot)
{
    const struct {
        void *keys, *values;
        uint32_t *count;
        enum mm_bpf_gpu_descriptor map;
        uint32_t capacity;
    } maps[] = {
        {snapshot->level_keys, snapshot->levels, &snapshot->level_count, MM_BPF_GPU_MAP_LEVELS,
         MM_BPF_GPU_LEVELS_MAX},
        {snapshot->device_keys, snapshot->devices, &snapshot->device_count, MM_BPF_GPU_MAP_DEVICES,
         MM_BPF_GPU_DEVICES_MAX},
        {snapshot->busy_keys, snapshot->busy, &snapshot->busy_count, MM_BPF_GPU_MAP_BUSY,
         MM_BPF_GPU_USES_MAX},
        {snapshot->memory_keys, snapshot->memory_bytes, &snapshot->memory_count, MM_BPF_GPU_MAP_MEMORY,
         MM_BPF_GPU_USES_MAX},
        {snapshot->work_keys, snapshot->work, &snapshot->work_count, MM_BPF_GPU_MAP_WORK,
         MM_BPF_GPU_USES_MAX},
    };
    uint32_t zero = 0;
    int result = mm_bpf_map_call(BPF_MAP_LOOKUP_ELEM, fds[MM_BPF_GPU_MAP_TOTALS], &zero, &snapshot->totals);

    for (size_t i = 0; result == 0 && i < MM_ARRAY_SIZE(maps); i++)
        result =
            mm_bpf_map_read(fds[maps[i].map], maps[i].keys, maps[i].values, maps[i].capacity, maps[i].count);
    return result;
}

static void forget(int fd, const struct mm_bpf_gpu_key *key)
{
    (void)mm_bpf_map_call(BPF_MAP_DELETE_ELEM, fd, key, NULL);
}

static void forget_the_dead(int fd, struct mm_bpf_gpu_snapshot *snapshot)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < snapshot->memory_count; i++) {
        const struct mm_bpf_gpu_key *key = &snapshot->memory_keys[i];

        if (kill((pid_t)key->id, 0) < 0 && errno == ESRCH) {
            forget(fd, key);
            continue;
        }
        snapshot->memory_keys[kept] = *key;
        snapshot->memory_bytes[kept++] = snapshot->memory_bytes[i];
    }
    snapshot->memory_count = kept;
}

/* Who comes back begins with nothing. What is added between the reading and this is not seen. */
static bool clear_past_half(int fd, const struct mm_bpf_gpu_key *keys, uint32_t count)
{
    if (count <= MM_BPF_GPU_USES_MAX / 2)
        return false;
    for (uint32_t i = 0; i < count; i++)
        forget(fd, &keys[i]);
    return true;
}

int mm_bpf_gpu_read(const struct mm_bpf_gpu *gpu, struct mm_bpf_gpu_snapshot **ret_snapshot)
{
    struct mm_bpf_gpu_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    const int *fds = gpu->collector.fds;
    int result;

    if (!snapshot)
        return -ENOMEM;
    result = read_all(fds, snapshot);
    if (result < 0) {
        free(snapshot);
        return result;
    }
    snapshot->programs = gpu->collector.programs;
    snapshot->taken_ns = mm_thread_now_ns();
    forget_the_dead(fds[MM_BPF_GPU_MAP_MEMORY], snapshot);
    snapshot->is_busy_cleared =
        clear_past_half(fds[MM_BPF_GPU_MAP_BUSY], snapshot->busy_keys, snapshot->busy_count);
    snapshot->is_work_cleared =
        clear_past_half(fds[MM_BPF_GPU_MAP_WORK], snapshot->work_keys, snapshot->work_count);
    *ret_snapshot = snapshot;
    return 0;
}

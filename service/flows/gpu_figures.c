/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/gpu_figures.h"

#include "common/common.h"

#include <stdlib.h>
#include <string.h>

/* ---- what stood there before -------------------------------------------------------------------------------- */

/* 0: it was not there, or its map was cleared since. The maps are small and readings seconds apart. */
static uint64_t busy_before(const struct mm_bpf_gpu_snapshot *before, const struct mm_bpf_gpu_key *key)
{
    for (uint32_t i = 0; !before->is_busy_cleared && i < before->busy_count; i++) {
        if (memcmp(&before->busy_keys[i], key, sizeof(*key)) == 0)
            return before->busy[i].busy_ns;
    }
    return 0;
}

static uint64_t active_before(const struct mm_bpf_gpu_snapshot *before, const struct mm_bpf_gpu_key *key)
{
    for (uint32_t i = 0; !before->is_work_cleared && i < before->work_count; i++) {
        if (memcmp(&before->work_keys[i], key, sizeof(*key)) == 0)
            return before->work[i].active_ns;
    }
    return 0;
}

static const struct mm_bpf_gpu_device *device_before(const struct mm_bpf_gpu_snapshot *before, uint32_t gpu)
{
    static const struct mm_bpf_gpu_device nothing;

    for (uint32_t i = 0; i < before->device_count; i++) {
        if (before->device_keys[i] == gpu)
            return &before->devices[i];
    }
    return &nothing;
}

/* What a program adds while it is read may make a later sum the smaller one. */
static uint32_t permille_of(uint64_t now, uint64_t before, uint64_t whole)
{
    uint64_t part = now > before ? now - before : 0;

    return whole > 0 ? (uint32_t)MM_MIN((part * 1000 + whole / 2) / whole, UINT32_MAX) : 0;
}

/* ---- processes and users, of all devices together ----------------------------------------------------------- */

static int compare_numbers(uint64_t left, uint64_t right)
{
    return (left > right) - (left < right);
}

static int by_pid(const void *left, const void *right)
{
    const struct mm_gpu_process *a = left, *b = right;

    return (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_uid(const void *left, const void *right)
{
    const struct mm_gpu_user *a = left, *b = right;

    return compare_numbers(a->uid, b->uid);
}

static void add_processes(struct mm_gpu_figures *figures, const struct mm_bpf_gpu_snapshot *before,
                          const struct mm_bpf_gpu_snapshot *now)
{
    uint32_t count = 0, kept = 0;

    for (uint32_t i = 0; i < now->busy_count; i++) {
        uint32_t permille =
            permille_of(now->busy[i].busy_ns, busy_before(before, &now->busy_keys[i]), figures->interval_ns);

        if (permille > 0)
            figures->processes[count++] =
                (struct mm_gpu_process){.pid = (int32_t)now->busy_keys[i].id, .permille = permille};
    }
    for (uint32_t i = 0; i < now->memory_count; i++)
        figures->processes[count++] = (struct mm_gpu_process){.pid = (int32_t)now->memory_keys[i].id,
                                                              .memory_bytes = now->memory_bytes[i]};
    qsort(figures->processes, count, sizeof(figures->processes[0]), by_pid);
    for (uint32_t i = 0; i < count; i++) {
        const struct mm_gpu_process *process = &figures->processes[i];

        if (kept == 0 || figures->processes[kept - 1].pid != process->pid) {
            figures->processes[kept++] = *process;
            continue;
        }
        figures->processes[kept - 1].permille += process->permille;
        figures->processes[kept - 1].memory_bytes += process->memory_bytes;
    }
    figures->process_count = kept;
}

static void add_users(struct mm_gpu_figures *figures, const struct mm_bpf_gpu_snapshot *before,
                      const struct mm_bpf_gpu_snapshot *now)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < now->work_count; i++)
        figures->users[i] = (struct mm_gpu_user){
            .uid = now->work_keys[i].id,
            .permille = permille_of(now->work[i].active_ns, active_before(before, &now->work_keys[i]),
                                    figures->interval_ns),
            .errors = now->work[i].errors};
    qsort(figures->users, now->work_count, sizeof(figures->users[0]), by_uid);
    for (uint32_t i = 0; i < now->work_count; i++) {
        const struct mm_gpu_user *user = &figures->users[i];

        if (kept == 0 || figures->users[kept - 1].uid != user->uid) {
            figures->users[kept++] = *user;
            continue;
        }
        figures->users[kept - 1].permille += user->permille;
        figures->users[kept - 1].errors += user->errors;
    }
    figures->user_count = kept;
}

/* ---- devices ------------------------------------------------------------------------------------------------ */

static int by_gpu(const void *left, const void *right)
{
    const struct mm_gpu_device *a = left, *b = right;

    return compare_numbers(a->gpu, b->gpu);
}

static int by_level(const void *left, const void *right)
{
    const struct mm_gpu_level *a = left, *b = right;

    return a->gpu != b->gpu ? compare_numbers(a->gpu, b->gpu) : compare_numbers(a->khz, b->khz);
}

static void add_devices(struct mm_gpu_figures *figures, const struct mm_bpf_gpu_snapshot *before,
                        const struct mm_bpf_gpu_snapshot *now)
{
    for (uint32_t i = 0; i < now->device_count; i++) {
        const struct mm_bpf_gpu_device *device = &now->devices[i];
        const struct mm_bpf_gpu_device *old = device_before(before, now->device_keys[i]);
        uint64_t elapsed_us = device->elapsed_us > old->elapsed_us ? device->elapsed_us - old->elapsed_us : 0;

        figures->devices[i] = (struct mm_gpu_device){
            .gpu = now->device_keys[i],
            .khz = device->khz,
            .level = device->level,
            .is_level_known = device->since_ns != 0,
            .has_share = elapsed_us > 0,
            .permille = permille_of(device->busy_us, old->busy_us, elapsed_us),
            .memory_bytes = device->memory_bytes,
        };
    }
    figures->device_count = now->device_count;
    qsort(figures->devices, figures->device_count, sizeof(figures->devices[0]), by_gpu);
}

static void add_levels(struct mm_gpu_figures *figures, const struct mm_bpf_gpu_snapshot *now)
{
    for (uint32_t i = 0; i < now->level_count; i++) {
        const struct mm_bpf_gpu_key *key = &now->level_keys[i];
        const struct mm_bpf_gpu_device *device = device_before(now, key->gpu);
        bool is_at_it = device->since_ns != 0 && device->khz == key->id && now->taken_ns > device->since_ns;

        figures->levels[i] = (struct mm_gpu_level){
            .gpu = key->gpu,
            .khz = key->id,
            .time_ns = now->levels[i].time_ns + (is_at_it ? now->taken_ns - device->since_ns : 0),
            .count = now->levels[i].count,
        };
    }
    figures->level_count = now->level_count;
    qsort(figures->levels, figures->level_count, sizeof(figures->levels[0]), by_level);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

/* The arrays lie behind the figures; all of them need the same alignment. */
static struct mm_gpu_figures *make_room(const struct mm_bpf_gpu_snapshot *now)
{
    size_t processes = (size_t)now->busy_count + now->memory_count;
    struct mm_gpu_figures *figures = calloc(1, sizeof(*figures) + processes * sizeof(figures->processes[0]) +
                                                   now->work_count * sizeof(figures->users[0]) +
                                                   now->level_count * sizeof(figures->levels[0]) +
                                                   now->device_count * sizeof(figures->devices[0]));

    if (!figures)
        return NULL;
    figures->processes = (struct mm_gpu_process *)(figures + 1);
    figures->users = (struct mm_gpu_user *)(figures->processes + processes);
    figures->levels = (struct mm_gpu_level *)(figures->users + now->work_count);
    figures->devices = (struct mm_gpu_device *)(figures->levels + now->level_count);
    return figures;
}

struct mm_gpu_figures *mm_gpu_figures_new(const struct mm_bpf_gpu_snapshot *before,
                                          const struct mm_bpf_gpu_snapshot *now)
{
    struct mm_gpu_figures *figures = make_room(now);

    if (!figures)
        return NULL;
    figures->interval_ns = MM_MAX(now->taken_ns - before->taken_ns, 1);
    figures->programs = now->programs;
    figures->totals = now->totals;
    add_processes(figures, before, now);
    add_users(figures, before, now);
    add_levels(figures, now);
    add_devices(figures, before, now);
    return figures;
}

const struct mm_gpu_process *mm_gpu_figures_process(const struct mm_gpu_figures *figures, pid_t pid)
{
    const struct mm_gpu_process wanted = {.pid = pid};

    return bsearch(&wanted, figures->processes, figures->process_count, sizeof(wanted), by_pid);
}

const struct mm_gpu_user *mm_gpu_figures_user(const struct mm_gpu_figures *figures, uid_t uid)
{
    const struct mm_gpu_user wanted = {.uid = uid};

    return bsearch(&wanted, figures->users, figures->user_count, sizeof(wanted), by_uid);
}

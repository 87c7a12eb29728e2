/* SPDX-License-Identifier: Apache-2.0 */
/* The kill itself, process by process. */
#include "kill_strategy/victim.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

static uint64_t cookie_of(const struct mm_victim *victim, uint32_t index)
{
    return (uint64_t)victim->generation << 32 | index;
}

void mm_victim_init(struct mm_victim *victim, struct mm_kernel *kernel)
{
    *victim = (struct mm_victim){.kernel = kernel};
    for (size_t i = 0; i < MM_VICTIM_PROCESSES_MAX; i++)
        victim->processes[i].handle.pidfd = -1;
}

/* An administrator may have moved it out since it was found. Only a plain no spares it: a process whose group
   cannot be told, of a path too long, say, was in the domain when it came on the list. */
static bool has_left(const struct mm_victim *victim, const struct mm_process_handle *handle)
{
    return victim->kernel->ops->is_in_domain(victim->kernel, handle->pid) == 0;
}

static void note_left(struct mm_victim *victim, const struct mm_process_handle *handle)
{
    if (victim->left_count < MM_VICTIM_LEFT_MAX)
        victim->left[victim->left_count++] =
            (struct mm_victim_left){.pid = handle->pid, .start_time_ticks = handle->start_time_ticks};
}

/* The signal goes first; reaping and watching may fail without saving the process. */
static int kill_held(struct mm_victim *victim, struct mm_process_handle *handle)
{
    const struct mm_kernel_ops *ops = victim->kernel->ops;
    int result = has_left(victim, handle) ? -EXDEV : ops->kill_process(victim->kernel, handle);

    if (result == -EXDEV)
        note_left(victim, handle);

    if (result == 0)
        (void)ops->reap_process(victim->kernel, handle);
    else
        ops->close_process(victim->kernel, handle);
    return result;
}

static int kill_one(struct mm_victim *victim, const struct mm_process *process)
{
    const struct mm_kernel_ops *ops = victim->kernel->ops;
    struct mm_process_handle handle = {.pidfd = -1};
    int result = ops->open_process(victim->kernel, process->pid, process->start_time_ticks, &handle);

    if (result == 0)
        result = kill_held(victim, &handle);
    if (result < 0)
        return result;
    if (victim->count == MM_VICTIM_PROCESSES_MAX) {
        ops->close_process(victim->kernel, &handle);
        return 0;
    }
    victim->processes[victim->count] = (struct mm_victim_process){.handle = handle};
    if (ops->watch_process(victim->kernel, &handle, cookie_of(victim, victim->count)) < 0)
        victim->is_watched = false;
    victim->count++;
    victim->alive++;
    return 0;
}

static bool is_victim(const struct mm_victim *victim, pid_t pid)
{
    for (uint32_t i = 0; i < victim->count; i++) {
        if (victim->processes[i].handle.pid == pid)
            return true;
    }
    return false;
}

/* Whom the list knows, unless the pid means another one now. One that it does not know yet belongs to its
   parent's bundle: the parent, signalled just now, is still its parent. Nobody does at -1000. */
static bool belongs_to(const struct mm_victim *victim, const struct mm_priority_manager *manager,
                       const struct mm_bundle *bundle, pid_t pid)
{
    const struct mm_process *process = mm_priority_manager_find(manager, pid);
    struct mm_process_info info;

    if (is_victim(victim, pid))
        return true;
    if (victim->kernel->ops->read_process(victim->kernel, pid, MM_PROCESS_STAT | MM_PROCESS_ADJ, &info) < 0 ||
        info.oom_score_adj == MM_PRIORITY_SYSTEM)
        return false;
    if (process && mm_process_is(process, &info))
        return process->bundle == bundle;
    return is_victim(victim, info.ppid);
}

static bool has_only_processes_of(const struct mm_victim *victim, struct mm_group *group,
                                  const struct mm_priority_manager *manager, const struct mm_bundle *bundle)
{
    pid_t pids[MM_VICTIM_PROCESSES_MAX];
    ssize_t count =
        victim->kernel->ops->read_group_processes(victim->kernel, group, pids, MM_ARRAY_SIZE(pids));

    if (count <= 0 || count > (ssize_t)MM_ARRAY_SIZE(pids))
        return false;
    for (ssize_t i = 0; i < count; i++) {
        if (!belongs_to(victim, manager, bundle, pids[i]))
            return false;
    }
    return true;
}

/* Catches what the bundle forked since it was last seen: only where the group is the bundle's alone. */
static void sweep_group(struct mm_victim *victim, const struct mm_priority_manager *manager,
                        const struct mm_bundle *bundle)
{
    struct mm_kernel *kernel = victim->kernel;
    char path[MM_GROUP_PATH_MAX];
    struct mm_group *group = NULL;

    if (!kernel->ops->feature(kernel, MM_FEATURE_CGROUP_KILL)->available)
        return;
    if (kernel->ops->read_process_group(kernel, victim->processes[0].handle.pid, path, sizeof(path)) < 0 ||
        strcmp(path, "/") == 0)
        return;
    if (kernel->ops->open_group(kernel, path, &group) < 0)
        return;
    if (has_only_processes_of(victim, group, manager, bundle))
        (void)kernel->ops->kill_group(kernel, group);
    kernel->ops->close_group(kernel, group);
}

int mm_victim_kill(struct mm_victim *victim, const struct mm_priority_manager *manager,
                   const struct mm_bundle *bundle)
{
    int result = -ESRCH;
    int signalled = 0;

    victim->generation++;
    victim->count = 0;
    victim->alive = 0;
    victim->left_count = 0;
    victim->is_watched = true;
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        int killed = kill_one(victim, MM_CONTAINER_OF(link, struct mm_process, bundle_link));

        signalled += killed == 0;
        /* what could not be done counts for more than what need not be */
        if (killed < 0 && killed != -ESRCH && (killed != -EXDEV || result == -ESRCH))
            result = killed;
    }
    victim->signalled_ns = victim->kernel->ops->now_ns(victim->kernel);
    if (signalled == 0)
        return result;
    sweep_group(victim, manager, bundle);
    return signalled;
}

static bool mark_exited(struct mm_victim *victim, uint32_t index)
{
    if (!victim->processes[index].has_exited) {
        victim->processes[index].has_exited = true;
        victim->alive--;
    }
    return victim->alive == 0;
}

bool mm_victim_note_exit(struct mm_victim *victim, uint64_t cookie)
{
    uint32_t index = (uint32_t)cookie;

    if ((uint32_t)(cookie >> 32) != victim->generation || index >= victim->count)
        return false;
    return mark_exited(victim, index);
}

bool mm_victim_poll(struct mm_victim *victim)
{
    for (uint32_t i = 0; i < victim->count; i++) {
        if (!victim->processes[i].has_exited &&
            victim->kernel->ops->has_exited(victim->kernel, &victim->processes[i].handle))
            (void)mark_exited(victim, i);
    }
    return victim->alive == 0;
}

void mm_victim_release(struct mm_victim *victim)
{
    for (uint32_t i = 0; i < victim->count; i++)
        victim->kernel->ops->close_process(victim->kernel, &victim->processes[i].handle);
    victim->count = 0;
    victim->alive = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The kill itself, process by process. */
#include "kill_strategy/victim.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

/* Processes of one group that the list does not know: a look at each takes some 15 us, and the signal waits for it. */
#define STRANGERS_MAX 16

static uint64_t cookie_of(const struct mm_victim *victim, uint32_t index)
{
    return (uint64_t)victim->generation << 32 | index;
}

void mm_victim_init(struct mm_victim *victim, struct mm_kernel *kernel, unsigned number)
{
    victim->kernel = kernel;
    victim->generation = (uint32_t)number << 31; /* half of all numbers for each */
}

void mm_victim_touch(struct mm_victim *victim)
{
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

/* A group that can be killed as a whole, to catch what the bundle forked since it was last seen. */
struct sweep {
    struct mm_group *group; /* borrowed; NULL: there is none */
    pid_t pids[MM_VICTIM_PROCESSES_MAX];
    ssize_t count;
    unsigned strangers;
    bool is_stranger[MM_VICTIM_PROCESSES_MAX];
};

static bool is_in_sweep(const struct sweep *sweep, pid_t pid)
{
    for (ssize_t i = 0; i < sweep->count; i++) {
        if (sweep->pids[i] == pid)
            return true;
    }
    return false;
}

/* Whom the list knows, unless the pid means another one now. One that it does not know yet belongs to its parent's
   bundle, and its parent must be here, too: then so is the first of the line. Nobody at -1000 does. */
static bool belongs_to(struct mm_kernel *kernel, const struct mm_priority_manager *manager,
                       const struct mm_bundle *bundle, struct sweep *sweep, ssize_t index)
{
    const struct mm_process *process = mm_priority_manager_find(manager, sweep->pids[index]);
    struct mm_process_info info;

    /* whether it still is that one shows when it is held for its signal */
    if (process && process->bundle == bundle)
        return true;
    if (++sweep->strangers > STRANGERS_MAX ||
        kernel->ops->read_process(kernel, sweep->pids[index], MM_PROCESS_STAT | MM_PROCESS_ADJ, &info) < 0 ||
        info.oom_score_adj == MM_PRIORITY_SYSTEM)
        return false;
    sweep->is_stranger[index] = true;
    return !(process && mm_process_is(process, &info)) && is_in_sweep(sweep, info.ppid);
}

static bool is_alone_in(struct mm_kernel *kernel, const struct mm_priority_manager *manager,
                        const struct mm_bundle *bundle, struct sweep *sweep)
{
    sweep->count =
        kernel->ops->read_group_processes(kernel, sweep->group, sweep->pids, MM_ARRAY_SIZE(sweep->pids));
    if (sweep->count <= 0 || sweep->count > (ssize_t)MM_ARRAY_SIZE(sweep->pids))
        return false;
    for (ssize_t i = 0; i < sweep->count; i++) {
        if (!belongs_to(kernel, manager, bundle, sweep, i))
            return false;
    }
    return true;
}

/* The group of the first process that is still in the domain; not the root. */
static int borrow_group(struct mm_kernel *kernel, const struct mm_bundle *bundle, struct mm_group **ret_group)
{
    char path[MM_GROUP_PATH_MAX];

    MM_LIST_FOR_EACH (link, &bundle->processes) {
        pid_t pid = MM_CONTAINER_OF(link, struct mm_process, bundle_link)->pid;

        if (kernel->ops->is_in_domain(kernel, pid) <= 0 ||
            kernel->ops->read_process_group(kernel, pid, path, sizeof(path)) < 0)
            continue;
        return strcmp(path, "/") == 0 ? -EPERM : kernel->ops->borrow_group(kernel, path, ret_group);
    }
    return -ESRCH;
}

/* Only where the group is the bundle's alone. To be found out before the first signal: who dies leaves its group and
   its children at any moment. */
static void prepare_sweep(struct mm_kernel *kernel, const struct mm_priority_manager *manager,
                          const struct mm_bundle *bundle, struct sweep *sweep)
{
    *sweep = (struct sweep){.group = NULL};
    if (!kernel->ops->feature(kernel, MM_FEATURE_CGROUP_KILL)->available ||
        borrow_group(kernel, bundle, &sweep->group) < 0)
        return;
    if (is_alone_in(kernel, manager, bundle, sweep))
        return;
    kernel->ops->close_group(kernel, sweep->group);
    sweep->group = NULL;
}

static bool is_victim(const struct mm_victim *victim, pid_t pid)
{
    for (uint32_t i = 0; i < victim->count; i++) {
        if (victim->processes[i].handle.pid == pid)
            return true;
    }
    return false;
}

/* After the signals: each that the list knew was the one it knew. */
static void finish_sweep(const struct mm_victim *victim, const struct sweep *sweep)
{
    bool is_ours = victim->count > 0;

    if (!sweep->group)
        return;
    for (ssize_t i = 0; is_ours && i < sweep->count; i++)
        is_ours = sweep->is_stranger[i] || is_victim(victim, sweep->pids[i]);
    if (is_ours)
        (void)victim->kernel->ops->kill_group(victim->kernel, sweep->group);
    victim->kernel->ops->close_group(victim->kernel, sweep->group);
}

int mm_victim_kill(struct mm_victim *victim, const struct mm_priority_manager *manager,
                   const struct mm_bundle *bundle)
{
    struct sweep sweep;
    int result = -ESRCH;
    int signalled = 0;

    prepare_sweep(victim->kernel, manager, bundle, &sweep);
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
    finish_sweep(victim, &sweep);
    return signalled > 0 ? signalled : result;
}

void mm_victim_rehearse(struct mm_victim *victim)
{
    struct mm_kernel *kernel = victim->kernel;
    const struct mm_kernel_ops *ops = kernel->ops;
    struct mm_process_handle handle = {.pidfd = -1};
    struct mm_process_info info = {0};
    struct mm_group *group;
    char path[MM_GROUP_PATH_MAX];
    pid_t pids[MM_VICTIM_PROCESSES_MAX];
    pid_t self = kernel->own_pid;

    (void)ops->read_process(kernel, self, MM_PROCESS_STAT | MM_PROCESS_STATM | MM_PROCESS_ADJ, &info);
    (void)ops->is_in_domain(kernel, self);
    if (ops->read_process_group(kernel, self, path, sizeof(path)) == 0 &&
        ops->borrow_group(kernel, path, &group) == 0) {
        (void)ops->read_group_processes(kernel, group, pids, MM_ARRAY_SIZE(pids));
        ops->close_group(kernel, group);
    }
    if (ops->open_process(kernel, self, 0, &handle) < 0)
        return;
    (void)ops->has_exited(kernel, &handle);
    /* the kernel frees nothing of a process that is not dying */
    (void)ops->reap_process(kernel, &handle);
    (void)ops->watch_process(kernel, &handle, cookie_of(victim, 0));
    ops->close_process(kernel, &handle);
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

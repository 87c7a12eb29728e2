/* SPDX-License-Identifier: Apache-2.0 */
/* The kill path of the simulated machine: handles, watches, kills and reaps. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>

/* Far above any descriptor a test has open, so that mixing them up is seen. */
#define FIRST_PIDFD 1000000

/* The very process of the handle, while it lives. */
static struct mm_machine_process *held_process(const struct mm_machine *machine,
                                               const struct mm_process_handle *handle)
{
    struct mm_machine_process *process = mm_machine_find_process(machine, handle->pid);

    return process && process->start_time_ticks == handle->start_time_ticks ? process : NULL;
}

int mm_machine_open_process(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                            struct mm_process_handle *ret_handle)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    const struct mm_machine_process *process = mm_machine_find_process(machine, pid);
    int error = mm_machine_enter(machine, MM_OPERATION_open_process);

    if (error < 0)
        return error;
    if (!process || (start_time_ticks != 0 && start_time_ticks != process->start_time_ticks))
        return -ESRCH;
    ret_handle->pid = pid;
    ret_handle->start_time_ticks = process->start_time_ticks;
    ret_handle->pidfd = machine->options.lacks[MM_FEATURE_PIDFD] ? -1 : FIRST_PIDFD + machine->last_pidfd++;
    return 0;
}

void mm_machine_close_process(struct mm_kernel *kernel, struct mm_process_handle *handle)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    if (mm_machine_enter(machine, MM_OPERATION_close_process) < 0 || handle->pidfd < 0)
        return;
    for (unsigned i = 0; i < machine->watch_count; i++) {
        if (machine->watches[i].pidfd != handle->pidfd)
            continue;
        machine->watches[i] = machine->watches[--machine->watch_count];
        break;
    }
    mm_machine_forget_notices(machine, handle->pidfd);
    handle->pidfd = -1;
}

int mm_machine_kill_process(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process = held_process(machine, handle);
    int error = mm_machine_enter(machine, MM_OPERATION_kill_process);

    if (error < 0)
        return error;
    if (handle->pid == 1 || (handle->pid == machine->options.own_pid && handle->pid > 0))
        return -EPERM;
    if (!process)
        return -ESRCH;
    mm_machine_kill(machine, process);
    return 0;
}

void mm_machine_tell_reaped(struct mm_machine *machine, struct mm_machine_process *process, int error)
{
    struct mm_notice notice = {.kind = MM_NOTICE_REAP_DONE, .pid = process->pid, .error = error};

    notice.duration_ns = machine->now_ns - process->reap_begin_ns;
    process->tells_reaper = false;
    mm_machine_push_notice(machine, &notice, -1);
}

int mm_machine_reap_process(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process = held_process(machine, handle);
    struct mm_notice notice = {.kind = MM_NOTICE_REAP_DONE, .pid = handle->pid};
    int error = mm_machine_enter(machine, MM_OPERATION_reap_process);

    if (error < 0)
        return error;
    if (machine->options.lacks[MM_FEATURE_PROCESS_MRELEASE] || handle->pidfd < 0)
        return -EOPNOTSUPP;
    notice.error = mm_machine_enter(machine, MM_OPERATION_reap);
    if (notice.error == 0 && !process)
        notice.error = -ESRCH;
    if (notice.error == 0 && process->killed_at_ns == 0)
        notice.error = -EINVAL;
    if (notice.error < 0) {
        mm_machine_push_notice(machine, &notice, -1);
        return 0;
    }
    process->is_reaped = true;
    process->tells_reaper = true;
    process->reap_begin_ns = machine->now_ns;
    return 0;
}

static void tell_exited(struct mm_machine *machine, struct mm_machine_watch *watch)
{
    struct mm_notice notice = {.kind = MM_NOTICE_PROCESS_EXITED, .cookie = watch->cookie, .pid = watch->pid};

    watch->is_done = true;
    mm_machine_push_notice(machine, &notice, watch->pidfd);
}

void mm_machine_tell_exit(struct mm_machine *machine, const struct mm_machine_process *process)
{
    for (unsigned i = 0; i < machine->watch_count; i++) {
        struct mm_machine_watch *watch = &machine->watches[i];

        if (watch->pid == process->pid && watch->start_time_ticks == process->start_time_ticks &&
            !watch->is_done)
            tell_exited(machine, watch);
    }
}

int mm_machine_watch_process(struct mm_kernel *kernel, const struct mm_process_handle *handle,
                             uint64_t cookie)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_watch *watch;
    int error = mm_machine_enter(machine, MM_OPERATION_watch_process);

    if (error < 0)
        return error;
    if (handle->pidfd < 0)
        return -EOPNOTSUPP;
    if (machine->watch_count == machine->watch_capacity) {
        unsigned capacity = machine->watch_capacity ? machine->watch_capacity * 2 : 64;
        struct mm_machine_watch *watches = realloc(machine->watches, capacity * sizeof(*watches));

        if (!watches)
            return -ENOMEM;
        machine->watches = watches;
        machine->watch_capacity = capacity;
    }
    watch = &machine->watches[machine->watch_count++];
    *watch = (struct mm_machine_watch){
        .pidfd = handle->pidfd,
        .pid = handle->pid,
        .start_time_ticks = handle->start_time_ticks,
        .cookie = cookie,
    };
    if (!held_process(machine, handle))
        tell_exited(machine, watch);
    return 0;
}

bool mm_machine_has_exited(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    if (mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_has_exited) < 0)
        return false;
    return held_process(mm_machine_of(kernel), handle) == NULL;
}

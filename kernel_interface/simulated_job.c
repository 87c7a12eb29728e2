/* SPDX-License-Identifier: Apache-2.0 */
/* The worker of the simulated machine, and its notices. One job runs at a time, the oldest. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <string.h>

/* ---- notices ---------------------------------------------------------------------------------------- */

static int grow_notices(struct mm_machine *machine)
{
    unsigned capacity = machine->notice_capacity ? machine->notice_capacity * 2 : 256;
    struct mm_machine_queued_notice *notices = calloc(capacity, sizeof(*notices));

    if (!notices)
        return -ENOMEM;
    for (unsigned i = 0; i < machine->notice_count; i++)
        notices[i] = machine->notices[(machine->notice_first + i) % machine->notice_capacity];
    free(machine->notices);
    machine->notices = notices;
    machine->notice_first = 0;
    machine->notice_capacity = capacity;
    return 0;
}

void mm_machine_push_notice(struct mm_machine *machine, const struct mm_notice *notice, int pidfd)
{
    struct mm_machine_queued_notice *place;

    /* A lost notice would make a test wait in vain; a machine without memory for it ends here. */
    if (machine->notice_count == machine->notice_capacity && grow_notices(machine) < 0)
        abort();
    place = &machine->notices[(machine->notice_first + machine->notice_count) % machine->notice_capacity];
    place->notice = *notice;
    place->pidfd = pidfd;
    machine->notice_count++;
}

void mm_machine_forget_notices(struct mm_machine *machine, int pidfd)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < machine->notice_count; i++) {
        const struct mm_machine_queued_notice *from =
            &machine->notices[(machine->notice_first + i) % machine->notice_capacity];

        if (from->pidfd == pidfd)
            continue;
        machine->notices[(machine->notice_first + kept) % machine->notice_capacity] = *from;
        kept++;
    }
    machine->notice_count = kept;
}

void mm_machine_drain_notices(struct mm_kernel *kernel, mm_notice_visit visit, void *user)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    if (mm_machine_enter(machine, MM_OPERATION_drain_notices) < 0)
        return;
    while (machine->notice_count > 0 && !machine->is_halted) {
        struct mm_notice notice = machine->notices[machine->notice_first].notice;

        machine->notice_first = (machine->notice_first + 1) % machine->notice_capacity;
        machine->notice_count--;
        visit(&notice, user);
    }
}

/* ---- jobs ------------------------------------------------------------------------------------------- */

/* Removes the first job and says how it ended. */
static void finish_first(struct mm_machine *machine, int error)
{
    struct mm_machine_job *job = &machine->jobs[machine->job_first];
    struct mm_notice notice = {
        .kind = MM_NOTICE_JOB_DONE,
        .cookie = job->job.cookie,
        .error = error,
        .bytes = job->done_bytes,
        .duration_ns = job->is_started ? machine->now_ns - job->begin_ns : 0,
    };

    if (job->has_lowered_high && job->group->high_bytes == job->lowered_high_bytes) {
        job->group->high_bytes = job->restore_high_bytes;
        if (job->job.lowered)
            mm_lowered_limit_clear(job->job.lowered);
    }
    mm_machine_drop_group(job->group);
    machine->job_first = (machine->job_first + 1) % MM_MACHINE_JOB_CAPACITY;
    machine->job_count--;
    mm_machine_push_notice(machine, &notice, -1);
}

/* 0, or why it cannot be done at all. */
static int start_job(struct mm_machine *machine, struct mm_machine_job *job)
{
    const bool *lacks = machine->options.lacks;
    int error = mm_machine_enter(machine, MM_OPERATION_job);

    job->is_started = true;
    job->begin_ns = machine->now_ns;
    if (error < 0)
        return error;
    if (job->group->is_removed)
        return -ENODEV;
    if (job->job.kind == MM_JOB_SET_VALUE) {
        if (job->job.value != MM_GROUP_HIGH && job->job.value != MM_GROUP_MAX)
            return -EINVAL;
        error = mm_machine_group_has_value(machine, job->group, job->job.value);
        if (error < 0)
            return error;
        if (job->job.value == MM_GROUP_HIGH)
            job->group->high_bytes = job->job.bytes;
        else
            job->group->max_bytes = job->job.bytes;
        return 0;
    }
    if (machine->is_v1 || !lacks[MM_FEATURE_MEMORY_RECLAIM])
        return 0;
    error = mm_machine_group_has_value(machine, job->group, MM_GROUP_HIGH);
    if (error < 0)
        return error;
    job->has_lowered_high = true;
    job->restore_high_bytes = job->group->high_bytes;
    job->lowered_high_bytes = mm_machine_group_bytes(job->group);
    job->lowered_high_bytes -= MM_MIN(job->lowered_high_bytes, job->job.bytes);
    if (job->job.lowered)
        mm_lowered_limit_set(job->job.lowered, job->restore_high_bytes, job->lowered_high_bytes);
    job->group->high_bytes = job->lowered_high_bytes;
    return 0;
}

/* Runs the job for one step. 1: more to do; 0 or an error: it has ended. */
static int proceed(struct mm_machine *machine, struct mm_machine_job *job, uint64_t step_ns)
{
    uint64_t rate = machine->options.reclaim_bytes_per_s;
    uint64_t quantum = mm_machine_quantum(rate, step_ns, &job->remainder);
    uint64_t wish, done;

    if (job->group->is_removed)
        return -ENODEV;
    if (job->job.kind == MM_JOB_SET_VALUE) {
        uint64_t limit = mm_machine_group_value(job->group, job->job.value);

        done = mm_machine_fit_group(machine, job->group, job->job.value, quantum);
        job->done_bytes += done;
        return done == quantum && mm_machine_group_bytes(job->group) > limit ? 1 : 0;
    }
    wish = MM_MIN(quantum, job->job.bytes - job->done_bytes);
    done = mm_machine_reclaim(machine, job->group, wish);
    job->done_bytes += done;
    if (job->done_bytes == job->job.bytes)
        return 0;
    /* memory.reclaim says EAGAIN when it got less than was asked for. */
    return done < wish ? -EAGAIN : 1;
}

void mm_machine_step_jobs(struct mm_machine *machine, uint64_t step_ns)
{
    unsigned queued = machine->job_count;

    /* At a finite rate the step is used up by one job; what a notice leads to begins with the next step. */
    for (; queued > 0; queued--) {
        struct mm_machine_job *job = &machine->jobs[machine->job_first];
        int result = job->is_started ? 0 : start_job(machine, job);

        if (result == 0)
            result = proceed(machine, job, step_ns);
        if (result == 1)
            return;
        finish_first(machine, result);
        if (machine->options.reclaim_bytes_per_s > 0)
            return;
    }
}

void mm_machine_drop_jobs(struct mm_machine *machine)
{
    for (; machine->job_count > 0; machine->job_count--) {
        mm_machine_drop_group(machine->jobs[machine->job_first].group);
        machine->job_first = (machine->job_first + 1) % MM_MACHINE_JOB_CAPACITY;
    }
}

int mm_machine_submit_job(struct mm_kernel *kernel, const struct mm_job *job)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_job *place;
    int error = mm_machine_enter(machine, MM_OPERATION_submit_job);

    if (error < 0)
        return error;
    if (machine->job_count == MM_MACHINE_JOB_CAPACITY)
        return -EAGAIN;
    place = &machine->jobs[(machine->job_first + machine->job_count) % MM_MACHINE_JOB_CAPACITY];
    memset(place, 0, sizeof(*place));
    place->job = *job;
    place->group = job->group->group;
    mm_machine_hold_group(place->group);
    machine->job_count++;
    return 0;
}

void mm_machine_cancel_jobs(struct mm_kernel *kernel)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    if (mm_machine_enter(machine, MM_OPERATION_cancel_jobs) < 0)
        return;
    while (machine->job_count > 0)
        finish_first(machine, machine->jobs[machine->job_first].is_started ? -EINTR : -ECANCELED);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "service/requests/request_subject.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

bool mm_subject_has_ended(const struct mm_request *request, pid_t pid)
{
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_process_info info;

    return kernel->ops->read_process(kernel, pid, MM_PROCESS_STAT, &info) == -ESRCH;
}

/* Reads what the kernel knows of the process; refuses what is none. */
int mm_subject_read(struct mm_request *request, struct mm_subject *subject)
{
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_process_info status, stat;
    int status_result = kernel->ops->read_process(kernel, subject->pid, MM_PROCESS_STATUS, &status);
    int stat_result = kernel->ops->read_process(kernel, subject->pid, MM_PROCESS_STAT, &stat);

    if (stat_result == -ESRCH)
        return mm_request_refuse(request, "no-such-process", "field \"%s\": no process has pid %d",
                                 subject->pid_field, (int)subject->pid);
    /* A thread has a stat of its own under its number, but its status names another leader. */
    if (status_result == -ESRCH)
        return mm_request_refuse(request, "not-a-process", "field \"%s\": %d is a thread, not a process",
                                 subject->pid_field, (int)subject->pid);
    if (status_result < 0 || stat_result < 0)
        return mm_request_refuse(request, "failed", "field \"%s\": process %d cannot be read: %s",
                                 subject->pid_field, (int)subject->pid,
                                 strerror(status_result < 0 ? -status_result : -stat_result));
    if (stat.is_kernel_thread)
        return mm_request_refuse(request, "protected-process", "field \"%s\": %d is a kernel thread",
                                 subject->pid_field, (int)subject->pid);
    subject->uid = status.uid;
    subject->start_time_ticks = stat.start_time_ticks;
    return 0;
}

int mm_subject_check_owner(struct mm_request *request, const struct mm_subject *subject)
{
    int64_t claimed = mm_request_integer(request, subject->uid_field, subject->uid);

    if (claimed == (int64_t)subject->uid)
        return 0;
    return mm_request_refuse(request, "wrong-owner",
                             "field \"%s\": process %d belongs to uid %u, not to %" PRId64,
                             subject->uid_field, (int)subject->pid, (unsigned)subject->uid, claimed);
}

int mm_subject_check_start_time(struct mm_request *request, const struct mm_subject *subject)
{
    int64_t claimed = mm_request_integer(request, "start_time", (int64_t)subject->start_time_ticks);

    if ((uint64_t)claimed == subject->start_time_ticks)
        return 0;
    return mm_request_refuse(request, "no-such-process",
                             "field \"start_time\": process %d has ended, its pid is another's now",
                             (int)subject->pid);
}

/* Processes that no client may speak of. */
int mm_subject_check_protected(struct mm_request *request, pid_t pid)
{
    if (pid == 1)
        return mm_request_refuse(request, "protected-process", "field \"pid\": process 1 is never managed");
    if (pid == request->context->facts->pid)
        return mm_request_refuse(request, "protected-process", "field \"pid\": %d is this daemon", (int)pid);
    return 0;
}

int mm_subject_check_domain(struct mm_request *request, pid_t pid)
{
    struct mm_kernel *kernel = request->context->kernel;

    if (kernel->ops->is_in_domain(kernel, pid) != 0)
        return 0;
    return mm_request_refuse(request, "not-in-domain",
                             "field \"pid\": process %d is outside the group that is managed", (int)pid);
}

int mm_subject_check(struct mm_request *request, struct mm_subject *ret_subject)
{
    struct mm_subject subject = {
        .pid_field = "pid",
        .uid_field = "uid",
        .pid = (pid_t)mm_request_integer(request, "pid", 0),
    };
    int result = mm_subject_check_protected(request, subject.pid);

    if (result == 0)
        result = mm_subject_read(request, &subject);
    if (result == 0)
        result = mm_subject_check_domain(request, subject.pid);
    if (result == 0)
        result = mm_subject_check_start_time(request, &subject);
    if (result == 0)
        result = mm_subject_check_owner(request, &subject);
    if (result == 0)
        *ret_subject = subject;
    return result;
}

static bool is_listed(const struct mm_request *request, const struct mm_subject *subject)
{
    const struct mm_process *process = mm_priority_manager_find(request->context->manager, subject->pid);

    return process && process->start_time_ticks == subject->start_time_ticks;
}

int mm_subject_list(struct mm_request *request, const struct mm_subject *subject)
{
    const struct mm_service_context *context = request->context;
    struct mm_event event = {.kind = MM_EVENT_PROCESS_FOUND, .pid = subject->pid, .uid = subject->uid};

    if (is_listed(request, subject))
        return 0;
    event.payload.process.start_time_ticks = subject->start_time_ticks;
    mm_event_center_publish(context->center, &event);
    if (request->is_client_gone)
        return mm_request_refuse(request, "failed", "the connection has ended");
    if (is_listed(request, subject))
        return 0;
    return mm_request_refuse(request, "failed",
                             "field \"%s\": process %d is not on the list: it has just ended, or there is no "
                             "place for it at present",
                             subject->pid_field, (int)subject->pid);
}

bool mm_subject_is_peer(const struct mm_request *request, const struct mm_subject *subject)
{
    const struct mm_control_peer *peer = &request->client->peer;

    return peer->pid == subject->pid && peer->start_time_ticks != 0 &&
           peer->start_time_ticks == subject->start_time_ticks;
}

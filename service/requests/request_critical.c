/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "critical": a process says that the rest depends on it, and is no less important than the configured floor for as
 * long as the connection lives that said so.
 */
#include "service/requests/request_subject.h"

#include "service/requests/request_marks.h"

const struct mm_field mm_request_critical_fields[] = {
    {"pid", MM_FIELD_INTEGER, true, 1, INT32_MAX},
    {"uid", MM_FIELD_INTEGER, false, 0, UINT32_MAX - 1},
    {"start_time", MM_FIELD_INTEGER, false, 1, MM_JSON_INTEGER_MAX},
    {"critical", MM_FIELD_BOOL, true, 0, 0},
    {.name = NULL},
};

static void tell_manager(const struct mm_service_context *context, const struct mm_client_mark *mark,
                         enum mm_application_reason reason)
{
    struct mm_event event = {.kind = MM_EVENT_APPLICATION, .pid = mark->pid, .uid = mark->uid};

    event.payload.application.reason = reason;
    event.payload.application.account_id = -1;
    event.payload.application.start_time_ticks = mark->start_time_ticks;
    mm_event_center_publish(context->center, &event);
}

void mm_critical_release(const struct mm_service_context *context, struct mm_client_marks *marks,
                         struct mm_client_mark *mark)
{
    const struct mm_client_mark gone = *mark;

    mm_client_marks_remove(marks, mark);
    /* another connection may hold it, too */
    if (!mm_client_marks_has(marks, gone.pid))
        tell_manager(context, &gone, MM_REASON_CRITICAL_END);
}

static bool is_critical(const struct mm_request *request, const struct mm_subject *subject)
{
    const struct mm_process *process = mm_priority_manager_find(request->context->manager, subject->pid);

    return process && (process->flags & MM_PROCESS_IS_CRITICAL);
}

static int refuse_too_many(struct mm_request *request)
{
    return mm_request_refuse(request, "too-many", "uid %u has as many critical processes as it may have",
                             (unsigned)request->client->peer.uid);
}

/* Said again, it is set again: the list may have lost the process since, and found it anew. */
static int hold(struct mm_request *request, const struct mm_subject *subject)
{
    struct mm_client_marks *marks = request->critical;
    const struct mm_client_mark mark = {
        .client = request->client->identity,
        .client_uid = request->client->peer.uid,
        .pid = subject->pid,
        .uid = subject->uid,
        .start_time_ticks = subject->start_time_ticks,
    };

    if (!mm_client_marks_find(marks, mark.client, mark.pid) && mm_client_marks_add(marks, &mark) < 0)
        return refuse_too_many(request);
    if (is_critical(request, subject))
        return 0;
    tell_manager(request->context, &mark, MM_REASON_CRITICAL_BEGIN);
    /* upstream's SetCritical is only logged */
    if (is_critical(request, subject) ||
        mm_priority_manager_compat(request->context->manager) == MM_PRIORITY_COMPAT_UPSTREAM)
        return 0;
    mm_client_marks_remove(marks, mm_client_marks_find(marks, mark.client, mark.pid));
    return mm_request_refuse(request, "failed", "process %d cannot be critical: it is a render process",
                             (int)subject->pid);
}

static int take(struct mm_request *request, const struct mm_subject *subject)
{
    const unsigned max = request->context->config->critical.max_per_user;
    struct mm_client_marks *marks = request->critical;
    const struct mm_request_client *client = request->client;
    int result;

    mm_client_marks_sweep(request->context, marks);
    if (max == 0)
        return mm_request_refuse(request, "not-switchable",
                                 "no process is critical by its own word: criticalProcesses/maxPerUser is 0");
    if (!mm_client_marks_find(marks, client->identity, subject->pid) &&
        mm_client_marks_of_user(marks, client->peer.uid) >= max)
        return refuse_too_many(request);
    result = mm_subject_list(request, subject);
    return result < 0 ? result : hold(request, subject);
}

int mm_request_critical(struct mm_request *request)
{
    const struct mm_process *process;
    struct mm_client_mark *mark;
    struct mm_subject subject;
    int result = mm_subject_check(request, &subject);

    if (result < 0)
        return result;
    if (!mm_requests_may_change(request->context, &request->client->peer) &&
        !mm_subject_is_peer(request, &subject))
        return mm_request_refuse(request, "permission-denied",
                                 "uid %u may only speak of the process that is connected, not of %d",
                                 (unsigned)request->client->peer.uid, (int)subject.pid);
    mark = mm_client_marks_find(request->critical, request->client->identity, subject.pid);
    if (mm_request_bool(request, "critical", true))
        result = take(request, &subject);
    else if (mark)
        mm_critical_release(request->context, request->critical, mark);
    if (result < 0)
        return result;
    process = mm_priority_manager_find(request->context->manager, subject.pid);
    mm_json_signed(request->writer, "pid", subject.pid);
    mm_json_bool(request->writer, "critical", process && (process->flags & MM_PROCESS_IS_CRITICAL));
    if (process)
        mm_json_signed(request->writer, "priority", process->priority);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "app-register", "app-deregister" and "app-reclaim": applications whose states are told to those who hold memory for
 * them (upstream's active apps and app state subscribers, reference 1.8).
 */
#include "service/requests/request_subject.h"

#include "service/requests/request_marks.h"

#include <errno.h>

const struct mm_field mm_request_app_fields[] = {
    {"pid", MM_FIELD_INTEGER, true, 1, INT32_MAX},
    {"uid", MM_FIELD_INTEGER, false, 0, UINT32_MAX - 1},
    {"start_time", MM_FIELD_INTEGER, false, 1, MM_JSON_INTEGER_MAX},
    {.name = NULL},
};

static void tell(const struct mm_service_context *context, const struct mm_client_mark *mark,
                 enum mm_app_state state)
{
    const struct mm_event event = {
        .kind = MM_EVENT_APP_STATE,
        .pid = mark->pid,
        .uid = mark->uid,
        .payload.app_state = {.state = state},
    };

    mm_event_center_publish(context->center, &event);
}

/* What it is now; a process that nobody registered on the list is in the background. */
static enum mm_app_state state_of(const struct mm_service_context *context, const struct mm_client_mark *mark)
{
    const struct mm_process *process = mm_priority_manager_find(context->manager, mark->pid);

    if (!process || process->start_time_ticks != mark->start_time_ticks)
        return MM_APP_ENDED;
    if (process->flags & MM_PROCESS_IS_SUSPENDED)
        return MM_APP_SUSPENDED;
    if (process->flags & MM_PROCESS_IS_FOREGROUND)
        return MM_APP_FOREGROUND;
    return process->flags & MM_PROCESS_IS_VISIBLE ? MM_APP_VISIBLE : MM_APP_BACKGROUND;
}

void mm_client_marks_sweep(const struct mm_service_context *context, struct mm_client_marks *marks)
{
    for (unsigned i = marks->count; i > 0; i--) {
        if (state_of(context, &marks->items[i - 1]) == MM_APP_ENDED)
            mm_client_marks_remove(marks, &marks->items[i - 1]);
    }
}

void mm_apps_let_go(const struct mm_service_context *context, struct mm_client_marks *marks,
                    struct mm_client_mark *mark)
{
    const struct mm_client_mark gone = *mark;

    mm_client_marks_remove(marks, mark);
    if (!mm_client_marks_has(marks, gone.pid))
        tell(context, &gone, MM_APP_FORGOTTEN);
}

/* Two connections may have registered one: its state is told once. */
static bool is_first_of_pid(const struct mm_client_marks *marks, unsigned index)
{
    for (unsigned i = 0; i < index; i++) {
        if (marks->items[i].pid == marks->items[index].pid)
            return false;
    }
    return true;
}

/* A suspension is of all processes of a bundle, so that an event's pid does not say who changed. */
static void tell_changes(const struct mm_service_context *context, struct mm_client_marks *marks)
{
    for (unsigned i = marks->count; i > 0; i--) {
        struct mm_client_mark *mark = &marks->items[i - 1];
        enum mm_app_state state = state_of(context, mark);
        const struct mm_client_mark told = *mark;

        if ((int)state == mark->state)
            continue;
        mark->state = (int)state;
        if (is_first_of_pid(marks, i - 1))
            tell(context, &told, state);
        if (state == MM_APP_ENDED)
            mm_client_marks_remove(marks, mark);
    }
}

void mm_apps_follow(const struct mm_service_context *context, struct mm_client_marks *marks,
                    const struct mm_event *event)
{
    const uint32_t kinds = 1u << MM_EVENT_APPLICATION | 1u << MM_EVENT_PROCESS_EXITED |
                           1u << MM_EVENT_PROCESS_LEFT | 1u << MM_EVENT_PROCESS_STARTED;

    if (kinds >> event->kind & 1u)
        tell_changes(context, marks);
}

static void write_app(struct mm_request *request, const struct mm_client_mark *mark)
{
    mm_json_signed(request->writer, "pid", mark->pid);
    mm_json_text(request->writer, "state", mm_app_state_name((enum mm_app_state)mark->state));
}

int mm_request_app_register(struct mm_request *request)
{
    struct mm_client_mark mark = {
        .client = request->client->identity,
        .client_uid = request->client->peer.uid,
    };
    const struct mm_client_mark *known;
    struct mm_subject subject;
    bool is_told;
    int result = mm_subject_check(request, &subject);

    if (result < 0)
        return result;
    tell_changes(request->context, request->apps);
    known = mm_client_marks_find(request->apps, mark.client, subject.pid);
    if (known) {
        write_app(request, known);
        return 0;
    }
    mm_subject_list(request, &subject);
    mark.pid = subject.pid;
    mark.uid = subject.uid;
    mark.start_time_ticks = subject.start_time_ticks;
    mark.state = (int)state_of(request->context, &mark);
    is_told = mm_client_marks_has(request->apps, mark.pid);
    if (mm_client_marks_add(request->apps, &mark) < 0)
        return mm_request_refuse(request, "too-many", "%d applications are registered already",
                                 MM_CLIENT_MARKS_MAX);
    if (!is_told)
        tell(request->context, &mark, (enum mm_app_state)mark.state);
    write_app(request, &mark);
    return 0;
}

static struct mm_client_mark *find(struct mm_request *request)
{
    const pid_t pid = (pid_t)mm_request_integer(request, "pid", 0);
    struct mm_client_mark *mark = mm_client_marks_find(request->apps, request->client->identity, pid);

    if (!mark)
        (void)mm_request_refuse(request, "no-such-process",
                                "this connection has registered no application with pid %d", (int)pid);
    return mark;
}

int mm_request_app_deregister(struct mm_request *request)
{
    struct mm_client_mark *mark = find(request);

    if (!mark)
        return -ECANCELED;
    mm_json_signed(request->writer, "pid", mark->pid);
    mm_apps_let_go(request->context, request->apps, mark);
    return 0;
}

/* Whoever holds something for it is asked to give it back; the application need not be registered. */
int mm_request_app_reclaim(struct mm_request *request)
{
    struct mm_client_mark mark = {0};
    struct mm_subject subject;
    int result = mm_subject_check(request, &subject);

    if (result < 0)
        return result;
    mark.pid = subject.pid;
    mark.uid = subject.uid;
    tell(request->context, &mark, MM_APP_RECLAIM);
    mm_json_signed(request->writer, "pid", subject.pid);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "app-register", "app-deregister" and "app-reclaim": applications whose states are told to those who hold memory for
 * them (upstream's active apps and app state subscribers, reference 1.8).
 */
#include "service/requests/request_subject.h"

#include "service/requests/request_marks.h"

#include "common/common.h"

#include <errno.h>

/* At most so often all applications are looked at for an event of one: a storm of them costs one look. */
#define LOOK_AT_ALL_NS MM_NS_PER_S

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

/* MM_APP_ENDED, MM_APP_LEFT, or what it was while it goes on. By the kernel: the list may have no place for one that
   lives. */
static enum mm_app_state look_for_end(const struct mm_service_context *context,
                                      const struct mm_client_mark *mark)
{
    struct mm_kernel *kernel = context->kernel;
    struct mm_process_info info;
    int result;

    if (mark->has_ended)
        return MM_APP_ENDED;
    result = kernel->ops->read_process(kernel, mark->pid, MM_PROCESS_STAT, &info);
    if (result == -ESRCH ||
        (result == 0 && (info.has_exited || info.start_time_ticks != mark->start_time_ticks)))
        return MM_APP_ENDED;
    if (mark->has_left || (result == 0 && kernel->ops->is_in_domain(kernel, mark->pid) == 0))
        return MM_APP_LEFT;
    return (enum mm_app_state)mark->state;
}

static bool is_end(enum mm_app_state state)
{
    return state == MM_APP_ENDED || state == MM_APP_LEFT;
}

static const struct mm_process *find_listed(const struct mm_service_context *context,
                                            const struct mm_client_mark *mark)
{
    const struct mm_process *process = mm_priority_manager_find(context->manager, mark->pid);

    return process && process->start_time_ticks == mark->start_time_ticks ? process : NULL;
}

/* What it is now; a process that nobody registered on the list is in the background, one that the list has no place
   for is what it was. */
static enum mm_app_state state_of(const struct mm_service_context *context, const struct mm_client_mark *mark)
{
    const struct mm_process *process = find_listed(context, mark);

    if (!mark->client)
        return MM_APP_FORGOTTEN;
    if (!process)
        return look_for_end(context, mark);
    if (process->flags & MM_PROCESS_IS_SUSPENDED)
        return MM_APP_SUSPENDED;
    if (process->flags & MM_PROCESS_IS_FOREGROUND)
        return MM_APP_FOREGROUND;
    return process->flags & MM_PROCESS_IS_VISIBLE ? MM_APP_VISIBLE : MM_APP_BACKGROUND;
}

void mm_client_marks_sweep(const struct mm_service_context *context, struct mm_client_marks *marks)
{
    for (unsigned i = marks->count; i > 0; i--) {
        struct mm_client_mark *mark = &marks->items[i - 1];

        if (!find_listed(context, mark) && is_end(look_for_end(context, mark)))
            mm_client_marks_remove(marks, mark);
    }
}

/* Two connections may have registered one: its state is told once. Without a place for the event all stays as it is, and
   is looked at again. */
static void tell_change(const struct mm_service_context *context, struct mm_registered_apps *apps,
                        const struct mm_client_mark *changed, enum mm_app_state state)
{
    const bool is_over = is_end(state) || state == MM_APP_FORGOTTEN;
    struct mm_client_marks *marks = &apps->marks;

    if (!mm_event_center_has_place(context->center, MM_EVENT_APP_STATE)) {
        apps->has_untold = true;
        return;
    }
    for (unsigned i = marks->count; i > 0; i--) {
        struct mm_client_mark *mark = &marks->items[i - 1];

        if (mark->pid != changed->pid || mark->start_time_ticks != changed->start_time_ticks ||
            (state == MM_APP_FORGOTTEN && mark->client))
            continue;
        mark->state = (int)state;
        if (is_over)
            mm_client_marks_remove(marks, mark);
    }
    if (state != MM_APP_FORGOTTEN || !mm_client_marks_has(marks, changed->pid))
        tell(context, changed, state);
}

/* pid 0: of all. What is told may end connections, and so shorten the table. */
static void tell_changes(const struct mm_service_context *context, struct mm_registered_apps *apps, pid_t pid)
{
    for (unsigned i = apps->marks.count; i > 0; i = MM_MIN(i - 1, apps->marks.count)) {
        const struct mm_client_mark mark = apps->marks.items[i - 1];
        enum mm_app_state state;

        if (pid != 0 && mark.pid != pid)
            continue;
        state = state_of(context, &mark);
        if ((int)state != mark.state)
            tell_change(context, apps, &mark, state);
    }
}

static void tell_all_changes(const struct mm_service_context *context, struct mm_registered_apps *apps)
{
    apps->has_untold = false;
    apps->looked_ns = mm_event_center_now_ns(context->center);
    tell_changes(context, apps, 0);
}

void mm_apps_release(const struct mm_service_context *context, struct mm_registered_apps *apps,
                     struct mm_client_mark *mark)
{
    const pid_t pid = mark->pid;

    mark->client = NULL;
    tell_changes(context, apps, pid);
}

/* The event is told before the kernel is done with the process. */
static void note_end(struct mm_client_marks *marks, const struct mm_event *event)
{
    const uint64_t start_time_ticks = event->payload.process.start_time_ticks;

    for (unsigned i = 0; i < marks->count; i++) {
        struct mm_client_mark *mark = &marks->items[i];

        if (mark->pid != event->pid || (start_time_ticks != 0 && start_time_ticks != mark->start_time_ticks))
            continue;
        if (event->kind == MM_EVENT_PROCESS_LEFT)
            mark->has_left = true;
        else
            mark->has_ended = true;
    }
}

/* A suspension is of all processes of a bundle, so that the event's pid does not say who changed; and the list finds
   some of the dead by itself, of which no event tells. */
static bool is_look_at_all_due(const struct mm_service_context *context,
                               const struct mm_registered_apps *apps, const struct mm_event *event)
{
    return (event->kind == MM_EVENT_APPLICATION &&
            event->payload.application.reason == MM_REASON_APPLICATION_SUSPEND) ||
           mm_event_center_now_ns(context->center) - apps->looked_ns >= LOOK_AT_ALL_NS;
}

void mm_apps_follow(const struct mm_service_context *context, struct mm_registered_apps *apps,
                    const struct mm_event *event)
{
    const uint32_t ends = 1u << MM_EVENT_PROCESS_EXITED | 1u << MM_EVENT_PROCESS_LEFT;
    const uint32_t changes = ends | 1u << MM_EVENT_APPLICATION | 1u << MM_EVENT_PROCESS_STARTED;
    const uint32_t kind = 1u << event->kind;

    if (apps->marks.count == 0)
        return;
    if (ends & kind)
        note_end(&apps->marks, event);
    if ((apps->has_untold && mm_event_center_has_place(context->center, MM_EVENT_APP_STATE)) ||
        ((changes & kind) && is_look_at_all_due(context, apps, event)))
        tell_all_changes(context, apps);
    else if (changes & kind)
        tell_changes(context, apps, event->pid);
}

bool mm_apps_present(const struct mm_registered_apps *apps, pid_t after, struct mm_event *ret_event)
{
    const struct mm_client_mark *next = NULL;

    for (unsigned i = 0; i < apps->marks.count; i++) {
        const struct mm_client_mark *mark = &apps->marks.items[i];

        if (mark->pid > after && (!next || mark->pid < next->pid))
            next = mark;
    }
    if (!next)
        return false;
    *ret_event = (struct mm_event){
        .kind = MM_EVENT_APP_STATE,
        .pid = next->pid,
        .uid = next->uid,
        .payload.app_state = {.state = (enum mm_app_state)next->state, .is_present = true},
    };
    return true;
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
    struct mm_client_marks *marks = &request->apps->marks;
    struct mm_subject subject;
    bool is_told;
    int result = mm_subject_check(request, &subject);

    if (result < 0)
        return result;
    tell_all_changes(request->context, request->apps); /* which makes room, too */
    known = mm_client_marks_find(marks, mark.client, subject.pid);
    if (known) {
        write_app(request, known);
        return 0;
    }
    result = mm_subject_list(request, &subject);
    if (result < 0)
        return result;
    if (request->is_client_gone)
        return mm_request_refuse(request, "failed", "the connection has ended");
    mark.pid = subject.pid;
    mark.uid = subject.uid;
    mark.start_time_ticks = subject.start_time_ticks;
    mark.state = (int)state_of(request->context, &mark);
    is_told = mm_client_marks_has(marks, mark.pid);
    if (mm_client_marks_add(marks, &mark) < 0)
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
    struct mm_client_mark *mark = mm_client_marks_find(&request->apps->marks, request->client->identity, pid);

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
    mm_apps_release(request->context, request->apps, mark);
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

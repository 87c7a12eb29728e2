/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/wake_watch.h"

#include "common/common.h"
#include "event_center/center.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A feature's reason, and what follows from it. */
#define DETAIL_SIZE 160

static int watch_wake(struct mm_wake_watch *watch)
{
    uint32_t events = 0;

    watch->fd = watch->kernel->ops->wake_fd(watch->kernel, watch->wake, &events);
    if (watch->fd >= 0)
        return mm_event_center_watch_fd(watch->center, watch->source, watch->fd, events, watch->tag);
    mm_list_push_back(&watch->center->wakes, &watch->link);
    return 0;
}

int mm_wake_watch_open(struct mm_wake_watch *watch, struct mm_event_center *center, struct mm_kernel *kernel,
                       const struct mm_event_source_ops *ops, void *source,
                       const struct mm_wake_request *request, uint64_t tag)
{
    struct mm_wake_request own = *request;
    int result;

    *watch = (struct mm_wake_watch){
        .center = center, .kernel = kernel, .ops = ops, .source = source, .tag = tag, .fd = -1};
    mm_list_init(&watch->link);
    own.cookie = (uint64_t)(uintptr_t)watch;
    result = kernel->ops->open_wake(kernel, &own, &watch->wake);
    if (result < 0) {
        watch->wake = NULL;
        return result;
    }
    result = watch_wake(watch);
    if (result < 0)
        mm_wake_watch_close(watch);
    return result;
}

int mm_wake_watch_take(struct mm_wake_watch *watch)
{
    int result = watch->wake ? watch->kernel->ops->take_wake(watch->kernel, watch->wake) : 0;

    if (result < 0)
        mm_wake_watch_close(watch);
    return result;
}

void mm_wake_watch_pause(struct mm_wake_watch *watch)
{
    if (!watch->wake)
        return;
    (void)mm_event_center_pause_fd(watch->center, watch->fd);
    mm_list_remove(&watch->link);
}

int mm_wake_watch_resume(struct mm_wake_watch *watch)
{
    uint32_t events = 0;

    if (!watch->wake)
        return 0;
    if (watch->kernel->ops->wake_fd(watch->kernel, watch->wake, &events) >= 0)
        return mm_event_center_resume_fd(watch->center, watch->fd, events);
    mm_list_push_back(&watch->center->wakes, &watch->link);
    return 0;
}

void mm_wake_watch_close(struct mm_wake_watch *watch)
{
    if (!watch->wake)
        return;
    mm_event_center_forget_fd(watch->center, watch->fd);
    mm_list_remove(&watch->link);
    watch->kernel->ops->close_wake(watch->kernel, watch->wake);
    watch->wake = NULL;
}

bool mm_wake_watch_is_open(const struct mm_wake_watch *watch)
{
    return watch->wake != NULL;
}

/* A notice that was on its way when its wake was closed finds nobody. */
void mm_event_center_serve_wake(struct mm_event_center *center, uint64_t cookie)
{
    MM_LIST_FOR_EACH (link, &center->wakes) {
        struct mm_wake_watch *watch = MM_CONTAINER_OF(link, struct mm_wake_watch, link);

        if ((uint64_t)(uintptr_t)watch != cookie)
            continue;
        watch->ops->ready(watch->source, watch->tag, 0);
        return;
    }
}

void mm_source_tell_absent(const struct mm_source_note *note, const char *name, const char *reason)
{
    if (note->tell)
        note->tell(name, false, reason, note->user);
}

void mm_source_tell(const struct mm_source_note *note, const char *name, bool is_active, const char *format,
                    ...)
{
    char detail[DETAIL_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    if (!is_active)
        mm_notice("%s: %s", name, detail);
    if (note->tell)
        note->tell(name, is_active, detail, note->user);
}

int mm_wake_watch_serve(struct mm_wake_watch *watch, const struct mm_source_note *note, const char *name,
                        const char *consequence)
{
    int result = mm_wake_watch_take(watch);

    if (result < 0)
        mm_source_tell(note, name, false, "%s; %s",
                       result == -ENODEV ? "the group is gone" : strerror(-result), consequence);
    return result;
}

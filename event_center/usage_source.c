/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/usage_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "usage threshold"

struct usage_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_waterline_source *waterline;
    struct mm_source_note note;
    struct mm_wake_watch watch;
};

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct usage_source *source = self;

    (void)tag;
    (void)events;
    if (mm_wake_watch_serve(&source->watch, &source->note, NAME, "the waterline watch goes on alone") > 0)
        mm_waterline_source_hint(source->waterline);
}

static void on_waterline(const struct mm_event *event, void *user)
{
    struct usage_source *source = user;

    if (mm_wake_watch_is_open(&source->watch))
        source->kernel->ops->move_wake(
            source->kernel, source->watch.wake,
            mm_waterline_source_line_below(source->waterline, event->payload.memory.available_bytes));
}

static void close_source(void *self)
{
    struct usage_source *source = self;

    mm_event_center_unsubscribe(source->center, on_waterline, source);
    mm_wake_watch_close(&source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "usage",
    .ready = ready,
    .close = close_source,
};

static int open_watch(struct usage_source *source)
{
    const struct mm_wake_request request = {.kind = MM_WAKE_USAGE};
    int result = mm_event_center_subscribe(source->center, MM_RANK_OBSERVER, 1u << MM_EVENT_WATERLINE,
                                           on_waterline, source);

    return result < 0 ? result
                      : mm_wake_watch_open(&source->watch, source->center, source->kernel, &source_ops,
                                           source, &request, 0);
}

int mm_usage_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    const struct mm_feature *feature = kernel->ops->feature(kernel, MM_FEATURE_USAGE_THRESHOLD);
    struct usage_source *source;
    int result;

    if (!feature->available) {
        mm_source_tell_absent(note, NAME, feature->reason);
        return -EOPNOTSUPP;
    }
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->kernel = kernel;
    source->waterline = waterline;
    source->note = *note;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    /* the source itself is closed with the center */
    result = open_watch(source);
    if (result < 0)
        mm_source_tell(note, NAME, false, "%s; the waterline watch does it alone", strerror(-result));
    else
        mm_source_tell(note, NAME, true, "%s", feature->reason);
    return result;
}

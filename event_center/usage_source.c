/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/usage_source.h"

#include "event_center/wake_source.h"

#include <string.h>

#define NAME    "usage threshold"
#define WITHOUT "; the waterline watch does it alone"

static void woken(struct mm_wake_source *source)
{
    mm_waterline_source_hint(source->waterline);
}

/* The watch, which may sleep for long, is the only one that looks from here on. */
static void lost(struct mm_wake_source *source)
{
    mm_waterline_source_hint(source->waterline);
}

static void on_waterline(const struct mm_event *event, void *user)
{
    struct mm_wake_source *source = user;
    uint64_t line_bytes =
        mm_waterline_source_line_below(source->waterline, event->payload.memory.available_bytes);
    struct mm_wake_cover cover;

    if (mm_wake_watch_is_open(&source->watch) &&
        source->kernel->ops->move_wake(source->kernel, source->watch.wake, line_bytes, &cover))
        mm_waterline_source_cover(source->waterline, &cover);
}

static int begin(struct mm_wake_source *source)
{
    int result = mm_event_center_subscribe(source->center, MM_RANK_OBSERVER, 1u << MM_EVENT_WATERLINE,
                                           on_waterline, source);

    if (result < 0)
        mm_source_tell(&source->note, NAME, false, "%s" WITHOUT, strerror(-result));
    else
        mm_source_tell(&source->note, NAME, true, "%s",
                       source->kernel->ops->feature(source->kernel, MM_FEATURE_USAGE_THRESHOLD)->reason);
    return result;
}

static void end(struct mm_wake_source *source)
{
    mm_event_center_unsubscribe(source->center, on_waterline, source);
}

static const struct mm_wake_source_ops source_ops = {
    .name = NAME,
    .size = sizeof(struct mm_wake_source),
    .feature = MM_FEATURE_USAGE_THRESHOLD,
    .wake = MM_WAKE_USAGE,
    .without = WITHOUT,
    .consequence = "the waterline watch goes on alone",
    .begin = begin,
    .woken = woken,
    .lost = lost,
    .end = end,
};

int mm_usage_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    return mm_wake_source_add(center, kernel, waterline, note, &source_ops);
}

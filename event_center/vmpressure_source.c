/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/vmpressure_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "vmpressure"

/* The window of the shipped PSI triggers. The kernel tells of each 2 MB that reclaim looked at. */
#define PERIOD_NS MM_NS_PER_S

struct vmpressure_source {
    struct mm_wake_source base;
    struct mm_wake_watch watches[MM_VMPRESSURE_LEVEL_COUNT];
    uint64_t published_ns[MM_VMPRESSURE_LEVEL_COUNT]; /* 0: never */
};

static void publish(struct vmpressure_source *source, enum mm_vmpressure_level level)
{
    struct mm_event event = {
        .kind = MM_EVENT_PRESSURE,
        .time_ns = mm_event_center_now_ns(source->base.center),
        .payload.pressure.kind = level == MM_VMPRESSURE_CRITICAL ? MM_PRESSURE_FULL : MM_PRESSURE_SOME,
    };

    if (source->published_ns[level] > 0 && event.time_ns < source->published_ns[level] + PERIOD_NS)
        return;
    source->published_ns[level] = event.time_ns;
    mm_event_center_publish(source->base.center, &event);
}

/* All of them are of one group, so that one line says it for all. */
static void give_up(struct vmpressure_source *source, int error)
{
    for (int level = 0; level < MM_VMPRESSURE_LEVEL_COUNT; level++)
        mm_wake_watch_close(&source->watches[level]);
    mm_source_tell(&source->base.note, NAME, false, "%s; the waterline watch goes on alone",
                   error == -ENODEV ? "the group is gone" : strerror(-error));
}

/* Memory is read, and who may have to act on it hears of it, before anybody is only told of the pressure. */
static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct vmpressure_source *source = self;
    int result = mm_wake_watch_take(&source->watches[tag]);

    (void)events;
    if (result < 0)
        give_up(source, result);
    if (result <= 0)
        return;
    mm_waterline_source_hint(source->base.waterline);
    if (tag != MM_VMPRESSURE_LOW)
        publish(source, (enum mm_vmpressure_level)tag);
}

static void close_source(void *self)
{
    struct vmpressure_source *source = self;

    for (int level = 0; level < MM_VMPRESSURE_LEVEL_COUNT; level++)
        mm_wake_watch_close(&source->watches[level]);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = NAME,
    .ready = ready,
    .close = close_source,
};

static const struct mm_wake_source_ops kind = {
    .name = NAME,
    .size = sizeof(struct vmpressure_source),
    .feature = MM_FEATURE_VMPRESSURE,
    .own = &source_ops,
};

/* How many levels are watched, or the last refusal. */
static int open_watches(struct vmpressure_source *source, enum mm_vmpressure_mode mode)
{
    int count = 0;
    int error = 0;

    for (unsigned level = 0; level < MM_VMPRESSURE_LEVEL_COUNT; level++) {
        const struct mm_wake_request request = {
            .kind = MM_WAKE_VMPRESSURE, .level = (enum mm_vmpressure_level)level, .mode = mode};
        int result = mm_wake_watch_open(&source->watches[level], source->base.center, source->base.kernel,
                                        &source_ops, source, &request, level);

        if (result == 0)
            count++;
        else
            error = result;
    }
    return count > 0 ? count : error;
}

int mm_vmpressure_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                             struct mm_waterline_source *waterline, enum mm_vmpressure_mode mode,
                             const struct mm_source_note *note)
{
    struct mm_wake_source *base;
    int result = mm_wake_source_new(center, kernel, waterline, note, &kind, &base);

    if (result < 0)
        return result;
    result = open_watches((struct vmpressure_source *)base, mode);
    if (result < 0)
        mm_source_tell(note, NAME, false, "%s", strerror(-result));
    else
        mm_source_tell(note, NAME, true, "%d levels: %s", result,
                       kernel->ops->feature(kernel, MM_FEATURE_VMPRESSURE)->reason);
    return MM_MIN(result, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/wake_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What does not come to rest is acted upon all the same: a limit that is lowered step by step must be seen. */
#define TOLD_MAX 3

static void act(struct mm_wake_source *source, int result)
{
    if (result > 0)
        source->ops->woken(source);
    else if (result < 0 && source->ops->lost)
        source->ops->lost(source);
}

static void gathered(struct mm_timer *timer, void *user)
{
    struct mm_wake_source *source = user;
    const struct mm_wake_source_ops *ops = source->ops;
    int result = mm_wake_watch_serve(&source->watch, &source->note, ops->name, ops->consequence);

    source->told_count += result > 0;
    if (result > 0 && ops->settle_ns > 0 && source->told_count < TOLD_MAX) {
        mm_event_center_arm(source->center, timer, mm_event_center_now_ns(source->center) + ops->settle_ns);
        return;
    }
    act(source, result < 0 ? result : (int)source->told_count);
    source->told_count = 0;
    result = mm_wake_watch_resume(&source->watch);
    if (result == 0)
        return;
    mm_wake_watch_close(&source->watch);
    mm_source_tell(&source->note, ops->name, false, "%s; %s", strerror(-result), ops->consequence);
    if (ops->lost)
        ops->lost(source);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_wake_source *source = self;
    uint64_t gather_ns = source->ops->gather_ns;

    (void)tag;
    (void)events;
    if (gather_ns == 0) {
        act(source,
            mm_wake_watch_serve(&source->watch, &source->note, source->ops->name, source->ops->consequence));
        return;
    }
    mm_wake_watch_pause(&source->watch);
    mm_event_center_arm(source->center, &source->gathered,
                        mm_event_center_now_ns(source->center) + gather_ns);
}

static void close_source(void *self)
{
    struct mm_wake_source *source = self;

    if (source->ops->end)
        source->ops->end(source);
    mm_event_center_disarm(source->center, &source->gathered);
    mm_wake_watch_close(&source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "wake",
    .ready = ready,
    .close = close_source,
};

static int begin(struct mm_wake_source *source)
{
    const struct mm_wake_source_ops *ops = source->ops;
    const struct mm_wake_request request = {.kind = ops->wake};
    int result =
        mm_wake_watch_open(&source->watch, source->center, source->kernel, &source_ops, source, &request, 0);
    const struct mm_feature *feature = source->kernel->ops->feature(source->kernel, ops->feature);

    if (result < 0) {
        mm_source_tell(&source->note, ops->name, false, "%s%s",
                       feature->available ? strerror(-result) : feature->reason, ops->without);
        return result;
    }
    if (!ops->begin) {
        mm_source_tell(&source->note, ops->name, true, "%s", feature->reason);
        return 0;
    }
    result = ops->begin(source);
    if (result < 0)
        mm_wake_watch_close(&source->watch);
    return result;
}

int mm_wake_source_new(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note,
                       const struct mm_wake_source_ops *ops, struct mm_wake_source **ret_source)
{
    const struct mm_feature *feature = kernel->ops->feature(kernel, ops->feature);
    struct mm_wake_source *source;
    int result;

    if (!feature->available) {
        mm_source_tell_absent(note, ops->name, feature->reason);
        return -EOPNOTSUPP;
    }
    source = calloc(1, ops->size);
    if (!source)
        return -ENOMEM;
    *source = (struct mm_wake_source){
        .ops = ops, .center = center, .kernel = kernel, .waterline = waterline, .note = *note};
    mm_timer_init(&source->gathered, gathered, source);
    result = mm_event_center_add_source(center, ops->own ? ops->own : &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    *ret_source = source;
    return 0;
}

int mm_wake_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note,
                       const struct mm_wake_source_ops *ops)
{
    struct mm_wake_source *source;
    int result = mm_wake_source_new(center, kernel, waterline, note, ops, &source);

    return result < 0 ? result : begin(source);
}

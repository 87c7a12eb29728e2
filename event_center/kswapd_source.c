/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/kswapd_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "kswapd monitor"

struct kswapd_source {
    struct mm_event_center *center;
    struct mm_waterline_source *waterline;
    struct mm_source_note note;
    struct mm_wake_watch watch;
};

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct kswapd_source *source = self;

    (void)tag;
    (void)events;
    if (mm_wake_watch_serve(&source->watch, &source->note, NAME, "the waterline watch goes on alone") > 0)
        mm_waterline_source_hint(source->waterline);
}

static void close_source(void *self)
{
    struct kswapd_source *source = self;

    mm_wake_watch_close(&source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "kswapd",
    .ready = ready,
    .close = close_source,
};

static int open_watch(struct kswapd_source *source, struct mm_kernel *kernel)
{
    const struct mm_wake_request request = {.kind = MM_WAKE_KSWAPD};

    return mm_wake_watch_open(&source->watch, source->center, kernel, &source_ops, source, &request, 0);
}

int mm_kswapd_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    const struct mm_feature *feature = kernel->ops->feature(kernel, MM_FEATURE_KSWAPD_MONITOR);
    struct kswapd_source *source;
    int result;

    if (!feature->available) {
        mm_source_tell_absent(note, NAME, feature->reason);
        return -EOPNOTSUPP;
    }
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->note = *note;
    source->waterline = waterline;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    /* the source itself is closed with the center */
    result = open_watch(source, kernel);
    if (result < 0)
        mm_source_tell(note, NAME, false, "%s", strerror(-result));
    else
        mm_source_tell(note, NAME, true, "%s", feature->reason);
    return result;
}

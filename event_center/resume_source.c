/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/resume_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>

#define NAME "resume"

/* Shorter sleeps change nothing; and the two clocks are not read at one moment. */
#define SUSPENDED_MIN_NS (100 * MM_NS_PER_MS)

struct mm_resume_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_waterline_source *waterline;
    uint64_t suspended_ns; /* as far as was told */
};

void mm_resume_source_check(struct mm_resume_source *source)
{
    struct mm_event event = {.kind = MM_EVENT_RESUMED};
    uint64_t suspended_ns = source->kernel->ops->suspended_ns(source->kernel);

    if (suspended_ns < source->suspended_ns + SUSPENDED_MIN_NS)
        return;
    event.payload.resumed.suspended_ns = suspended_ns - source->suspended_ns;
    source->suspended_ns = suspended_ns;
    mm_notice("the machine was suspended for %llu ms",
              (unsigned long long)(event.payload.resumed.suspended_ns / MM_NS_PER_MS));
    mm_waterline_source_check(source->waterline);
    mm_event_center_publish(source->center, &event);
}

static void collect(void *self)
{
    mm_resume_source_check(self);
}

static void close_source(void *self)
{
    free(self);
}

static const struct mm_event_source_ops source_ops = {
    .name = "resume",
    .close = close_source,
    .collect = collect,
};

int mm_resume_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note,
                         struct mm_resume_source **ret_source)
{
    struct mm_resume_source *source = calloc(1, sizeof(*source));
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->kernel = kernel;
    source->waterline = waterline;
    source->suspended_ns = kernel->ops->suspended_ns(kernel);
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    mm_source_tell(note, NAME, true, "noticed at the first wake-up after it");
    *ret_source = source;
    return 0;
}

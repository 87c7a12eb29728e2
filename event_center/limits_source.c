/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/limits_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

/* On v1 a limit is also lowered to reclaim, and put back within a tenth of a millisecond (an engine that manages a
   group above this one does so): who looked in between would kill for it. */
#define GATHER_NS (10 * MM_NS_PER_MS)
/* A writer who loses his processor in between leaves it low for a time slice or two; longer ones are not waited for.
   Only this wake does: all else has the watch look as soon as ever. */
#define SETTLE_NS (40 * MM_NS_PER_MS)

static void look(struct mm_wake_source *source)
{
    mm_waterline_source_hint(source->waterline);
}

static const struct mm_wake_source_ops source_ops = {
    .name = "limit changes",
    .size = sizeof(struct mm_wake_source),
    .feature = MM_FEATURE_LIMIT_CHANGES,
    .wake = MM_WAKE_LIMITS,
    .gather_ns = GATHER_NS,
    .settle_ns = SETTLE_NS,
    .without = "; seen at the watch's next look",
    .consequence = "seen at the watch's next look",
    .woken = look,
    .lost = look,
};

int mm_limits_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    return mm_wake_source_add(center, kernel, waterline, note, &source_ops);
}

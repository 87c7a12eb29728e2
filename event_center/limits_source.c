/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/limits_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

/* On v1 a limit is also lowered to reclaim, and put back at once (an engine that manages a group above this one does so):
   who looked in between would kill for it. That takes a tenth of a millisecond, more where the writer has to wait for a
   processor. And who writes without end is listened to a hundred times a second. */
#define GATHER_NS (10 * MM_NS_PER_MS)

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

/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/kswapd_source.h"

#include "event_center/wake_source.h"

static void woken(struct mm_wake_source *source)
{
    mm_waterline_source_hint(source->waterline);
}

static const struct mm_wake_source_ops source_ops = {
    .name = "kswapd monitor",
    .size = sizeof(struct mm_wake_source),
    .feature = MM_FEATURE_KSWAPD_MONITOR,
    .wake = MM_WAKE_KSWAPD,
    .without = "",
    .consequence = "the waterline watch goes on alone",
    .woken = woken,
};

int mm_kswapd_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note)
{
    return mm_wake_source_add(center, kernel, waterline, note, &source_ops);
}

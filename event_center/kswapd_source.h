/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of OpenHarmony's kswapd monitor: has the waterline watch look where the kernel begins to reclaim in the
   background. */
#ifndef MM_EVENT_CENTER_KSWAPD_SOURCE_H
#define MM_EVENT_CENTER_KSWAPD_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* waterline outlives it. -EOPNOTSUPP on other kernels; note is told in any case. */
int mm_kswapd_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif

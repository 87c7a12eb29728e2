/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of swapon and swapoff: has the waterline watch look, says once in the log what there is now, and
 * publishes MM_EVENT_SWAP. zram is read then and only then.
 */
#ifndef MM_EVENT_CENTER_SWAP_SOURCE_H
#define MM_EVENT_CENTER_SWAP_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* waterline outlives it. -EOPNOTSUPP on kernels without swap; note is told in any case. */
int mm_swap_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif

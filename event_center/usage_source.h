/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of v1's usage thresholds: the kernel wakes us where available memory comes down to the next line
 * of the waterline watch, which then looks. It follows the watch: each reading moves the threshold where need be,
 * and lets the watch sleep longer where the kernel has heard of one that is sure to be met on the way.
 */
#ifndef MM_EVENT_CENTER_USAGE_SOURCE_H
#define MM_EVENT_CENTER_USAGE_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* waterline outlives it. -EOPNOTSUPP on kernels without; either way note is told. */
int mm_usage_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        struct mm_waterline_source *waterline, const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of limits that somebody sets by hand: has the waterline watch look where the domain's group, or one
 * above it, has another limit by now, of which no threshold and no pressure tells.
 */
#ifndef MM_EVENT_CENTER_LIMITS_SOURCE_H
#define MM_EVENT_CENTER_LIMITS_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* waterline outlives it. -EOPNOTSUPP where the domain is the machine, -EMFILE and -ENOSPC where inotify has no room; note
   is told in any case. */
int mm_limits_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif

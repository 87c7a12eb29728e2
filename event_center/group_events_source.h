/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of groups that meet limits of their own: publishes MM_EVENT_GROUP_MEMORY, has the waterline watch
 * look, and puts into the decision log what the kernel killed there, which was not our doing.
 *
 * v1 tells before the kernel has killed, and v2 at up to a hundred times a second: so each group is looked at once more
 * a tenth of a second after it told, and not listened to until then.
 */
#ifndef MM_EVENT_CENTER_GROUP_EVENTS_SOURCE_H
#define MM_EVENT_CENTER_GROUP_EVENTS_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The domain's and those that are named. */
#define MM_GROUP_EVENTS_GROUPS_MAX 9

/* waterline outlives it. Of the groups that cannot be watched the log says why; the last reason is returned where it is
   all of them. -EINVAL: none, or more than MM_GROUP_EVENTS_GROUPS_MAX. note is told in any case but that. */
int mm_group_events_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                               struct mm_waterline_source *waterline, const char *const *paths,
                               unsigned count, const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif

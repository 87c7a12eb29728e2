/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of group changes through inotify: without BPF, MM_EVENT_GROUP as BPF tells it, and MM_GROUP_ENTERED in
 * the place of what BPF says of the processes that are moved; and, which BPF does not tell, of groups that v1's freezer
 * freezes and thaws. Changes are gathered for 20 ms.
 */
#ifndef MM_EVENT_CENTER_GROUP_SOURCE_H
#define MM_EVENT_CENTER_GROUP_SOURCE_H

#include "event_center/event_center.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * -EOPNOTSUPP where there are no groups, -ENOSPC or what else the kernel refused: nothing was added. lost, which may be
 * NULL, is called when changes were lost. The source lives as long as the center.
 */
int mm_group_source_add(struct mm_event_center *center, struct mm_kernel *kernel, enum mm_group_tree tree,
                        void (*lost)(void *user), void *user);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes in a tree of groups, heard through inotify: groups that come and go, processes that are moved into one,
 * and on v2 whether one is populated or frozen; of v1's freezer alone which are frozen, by whoever writes that. It says in
 * which group, not which process: who wants to know looks.
 */
#ifndef MM_KERNEL_INTERFACE_GROUP_WATCH_H
#define MM_KERNEL_INTERFACE_GROUP_WATCH_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* More groups than a busy server has; each takes two watches of the kernel's, one on v1. */
#define MM_GROUP_WATCH_MAX 4096

struct mm_group_watch;

/* Of the group that top_fd (a directory, O_PATH will do; it stays the caller's) is and all below it. Negative errno:
   -ENOSPC when this user has no inotify watch left for the first group. Those below it that find no room are not heard,
   which is logged once. */
int mm_group_watch_new(int top_fd, enum mm_group_tree tree, struct mm_group_watch **ret_watch);
void mm_group_watch_free(struct mm_group_watch *watch); /* accepts NULL */
/* Readable (EPOLLIN, level) when there is something to read. */
int mm_group_watch_fd(const struct mm_group_watch *watch);
/* Hands over what has changed, as read_group_watch of struct mm_kernel. */
int mm_group_watch_read(struct mm_group_watch *watch, mm_group_change_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif

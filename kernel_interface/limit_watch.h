/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that somebody sets, heard through inotify on the files of the domain's group and all above it: those from which
 * its memory is reckoned (domain_memory.h), which memory.high is not. The engine itself limits groups below the domain's
 * alone, so that what is heard is always somebody else's doing. Files that a controller's coming and going makes anew are
 * listened to like those before them. That a group is removed is not heard: its parent's directory alone tells, of each
 * group in it, and who is removed has nobody in it.
 */
#ifndef MM_KERNEL_INTERFACE_LIMIT_WATCH_H
#define MM_KERNEL_INTERFACE_LIMIT_WATCH_H

#include "kernel_interface/group.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_limit_watch;

/* levels: the domain's group first, the root last; they stay the caller's, and stay open as long as the watch is. -EMFILE
   and -ENOSPC without room for it (mm_inotify_error_text), -EOPNOTSUPP where no group has such a file, -ENOMEM. */
int mm_limit_watch_new(struct mm_group *const *levels, unsigned count, struct mm_limit_watch **ret_watch);
void mm_limit_watch_free(struct mm_limit_watch *watch); /* accepts NULL */
/* Readable (EPOLLIN, level) when there is something to take. */
int mm_limit_watch_fd(const struct mm_limit_watch *watch);
/* 1: a limit is another one than when this was last called, or than at first; 0: none is, as where the same was written
   again. However many changes the kernel told of, or had no room to tell of. -ENODEV when the domain's group is gone,
   -ENOSPC without room for files made anew. */
int mm_limit_watch_take(struct mm_limit_watch *watch);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of configuration files that change: publishes MM_EVENT_RELOAD when files were replaced, written,
 * made or removed, and have been left alone since for a while.
 *
 * Directories are watched, not files, so that a file that is renamed into place is seen; and a file that is being
 * written is seen when its writer closes it. What is watched is found by a set, which may be made in any thread:
 * walking paths can block on a file system.
 */
#ifndef MM_EVENT_CENTER_FILE_WATCH_H
#define MM_EVENT_CENTER_FILE_WATCH_H

#include "event_center/event_center.h"

#ifdef __cplusplus
extern "C" {
#endif

/* More than any search path needs; what is beyond is not watched. */
#define MM_WATCH_SET_MAX 256

struct mm_watch_set;

/*
 * The places where a change of one of the paths shows: the directory of its name, the directories of the links it
 * goes through, and where the path is not there the first directory in which something must be made for it. A
 * path that is a directory stands for the names in it that end in suffix and do not begin with a dot; links among
 * them are followed, too. A descriptor is open in a set. -EMFILE, -ENOSPC (the user's limits of inotify), -ENOMEM.
 */
int mm_watch_set_new(const char *const *paths, size_t path_count, const char *suffix,
                     struct mm_watch_set **ret_set);
/* The kernel may take tens of milliseconds to forget a set, which nobody waits for. Accepts NULL. */
void mm_watch_set_free(struct mm_watch_set *set);
/* How many places are watched. */
unsigned mm_watch_set_count(const struct mm_watch_set *set);

struct mm_file_watch;

/* Lives as long as the center; watches nothing yet. */
int mm_file_watch_add(struct mm_event_center *center, struct mm_file_watch **ret_watch);

/* Watches nothing from here on; returns the set, which is the caller's to free, or NULL. A change that was seen still
   counts. */
struct mm_watch_set *mm_file_watch_take(struct mm_file_watch *watch);

/*
 * Watches the set's places instead of the earlier ones, which were taken; owns the set from here on (NULL: watches nothing), also when
 * this fails. Files count as left alone after settle_ns; where changes do not end, they are read after ten times that.
 */
int mm_file_watch_use(struct mm_file_watch *watch, struct mm_watch_set *set, uint64_t settle_ns);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct mm_watch_set, shared by watch_set.c and file_watch.c. */
#ifndef MM_EVENT_CENTER_WATCH_SET_H
#define MM_EVENT_CENTER_WATCH_SET_H

#include "event_center/file_watch.h"

#include <sys/inotify.h>

/* One name in a directory. */
struct mm_watch_place {
    int descriptor;  /* of the directory, inotify's */
    char *directory; /* its path */
    char *name;      /* NULL: every name that ends in the suffix */
};

struct mm_watch_set {
    int fd;
    char *suffix;
    struct mm_watch_place places[MM_WATCH_SET_MAX];
    unsigned count;
};

/* Is it about one of the places? */
bool mm_watch_set_concerns(const struct mm_watch_set *set, const struct inotify_event *event);

#endif

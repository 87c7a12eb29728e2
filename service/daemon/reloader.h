/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the configuration anew beside the loop: a thread runs the reader program, builds, and says what has changed;
 * the main thread takes what came of it between two events. Reloads asked for while one is under way are one more; one
 * asked for while somebody is being killed waits for the end of that.
 */
#ifndef MM_SERVICE_RELOADER_H
#define MM_SERVICE_RELOADER_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "event_center/file_watch.h"

/* Who changes more wants to see the files, not a log. */
#define MM_RELOAD_LINES_MAX 50

/* What came of it. */
struct mm_reload {
    int error;                /* 0, or a negative errno: then there is no config */
    struct mm_config *config; /* the receiver's from here on */
    const struct mm_problems *problems;
    bool is_watched; /* nobody asked: the files changed */
    /* What it changes, by meaning: lines for the log, of which not more than MM_RELOAD_LINES_MAX are kept. -ENOMEM. */
    int change_count;
    char *const *lines;
    size_t line_count;
    bool needs_restart; /* a part of that takes effect at the next start only */
    /* Where the files' next change will show, looked up before they were read; the receiver's. NULL with an error that
       says why, or without one where the old or the new configuration does not want them watched. */
    struct mm_watch_set *watch_set;
    int watch_error;
};

struct mm_reloader_options {
    const char *reader_path; /* lent, must outlive the reloader, and so must all that these point to */
    struct mm_config_sources sources;
    bool is_built_in;                 /* there are no sources but the built-in values */
    struct mm_config_device device;   /* ram_bytes: where the kernel does not say */
    struct mm_kernel *kernel;         /* asked for the domain's RAM each time */
    const char *const *watched_paths; /* of mm_watch_set_new */
    size_t watched_path_count;
    /* It begins; returns the configuration in force, which stays until it is done, and what has watched the files so far
       (NULL: nothing), which is the reloader's from here on. */
    const struct mm_config *(*begin)(struct mm_watch_set **ret_set, void *user);
    /* In another thread, before the new one is compared: what the command line changes in it. */
    void (*adjust)(struct mm_config *config, void *user);
    void (*done)(const struct mm_reload *reload, void *user);
    void *user;
};

/* Hears MM_EVENT_RELOAD. Lives as long as the center. */
int mm_reloader_add(struct mm_event_center *center, const struct mm_reloader_options *options);

/* The reader takes some milliseconds; on a device out of breath, seconds. */
#define MM_READER_TIMEOUT_MS 10000

#endif

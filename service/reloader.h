/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the configuration anew beside the loop: a thread runs the reader program and builds; the main thread
 * takes what came of it between two events. A reload asked for while somebody is being killed waits for the
 * end of that.
 */
#ifndef MM_SERVICE_RELOADER_H
#define MM_SERVICE_RELOADER_H

#include "config/config.h"
#include "event_center/event_center.h"

/* error 0: config is the new one and the receiver's from here on; else NULL. problems are lent. */
typedef void (*mm_reload_done)(struct mm_config *config, const struct mm_problems *problems, int error,
                               void *user);

struct mm_reloader_options {
    const char *reader_path;          /* lent, must outlive the reloader */
    struct mm_config_sources sources; /* likewise */
    struct mm_config_device device;
    mm_reload_done done;
    void *user;
};

/* Hears MM_EVENT_RELOAD. Lives as long as the center. */
int mm_reloader_add(struct mm_event_center *center, const struct mm_reloader_options *options);

/* The reader takes some milliseconds; on a device out of breath, seconds. */
#define MM_READER_TIMEOUT_MS 10000

#endif

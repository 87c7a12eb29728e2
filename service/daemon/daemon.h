/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: the engine on Linux, with its sources, clients, service manager and orderly end. */
#ifndef MM_SERVICE_DAEMON_H
#define MM_SERVICE_DAEMON_H

#include "config/config.h"

#include <stdbool.h>

/* The exit codes of memmgrd, documented in memmgrd(8). */
enum mm_daemon_exit {
    MM_DAEMON_STOPPED = 0,
    MM_DAEMON_FAILED = 1,
    MM_DAEMON_INVALID = 2, /* configuration or command line */
    MM_DAEMON_BUSY = 3,    /* another one runs */
};

struct mm_daemon_options {
    struct mm_config_sources sources; /* one file called "": the built-in values alone */
    unsigned screen_inches;           /* 0: as configured */
    const char *device_name;          /* NULL: as configured */
    const char *runtime_directory;
    const char *socket_path; /* NULL: as configured */
    int log_level;           /* -1: as configured */
    bool is_check;           /* check the configuration and end */
    bool is_dry_run;
};

/* Runs until a signal ends it. */
enum mm_daemon_exit mm_daemon_run(const struct mm_daemon_options *options);

#endif

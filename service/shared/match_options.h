/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of "memmgrctl match", which memmgrctl hands on to memmgr-match: both know it by this. */
#ifndef MM_SERVICE_SHARED_MATCH_OPTIONS_H
#define MM_SERVICE_SHARED_MATCH_OPTIONS_H

#include "service/shared/command_line.h"

#define MM_MATCH_COMMAND                                                                                     \
    .name = "match", .summary = "say which rule takes a process, and why the others do not",                 \
    .arguments = "PID|PATTERN", .options = mm_match_options, .min_arguments = 1, .max_arguments = 1,         \
    .asks_no_daemon = true,                                                                                  \
    .details =                                                                                               \
        "By the rules of the configuration, read for this: no daemon is asked, and rules can be tried\n"     \
        "before they are installed. Of a PID every rule that is tried, with the first condition that is\n"   \
        "not true of it; of a PATTERN, a glob on comm, the program's file or the command line, all\n"        \
        "processes it names. What a client registers, rules do not touch.\n"                                 \
        "Root sees the programs of all users; others see their own.\n"                                       \
        "Exit status: 0, 1 when no process fits, 2 when the configuration is not valid."

static const struct mm_ctl_option mm_match_options[] = {
    {"config", "FILE", "the rules of this file or directory, instead of those of the search path"},
    {"search-path", "DIRS", "DIR[:DIR...]: where files are looked for when none is named"},
    {.name = NULL},
};

#endif

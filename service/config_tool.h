/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of memmgr-config, the program for configuration files: what its commands share. Each command is a
 * struct mm_ctl_command in a file of its own, listed in config_tool.c. People reach it as "memmgrctl config".
 *
 * A command that reads files reads them all with the caller's privileges, gives these up, and only then looks at
 * what is in them.
 */
#ifndef MM_SERVICE_CONFIG_TOOL_H
#define MM_SERVICE_CONFIG_TOOL_H

#include "config/config.h"
#include "service/command_line.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mm_config_exit {
    MM_CONFIG_OK = 0,
    MM_CONFIG_FOUND = 1,   /* check --strict: warnings; diff: a difference */
    MM_CONFIG_INVALID = 2, /* a file is not valid, or what was asked for cannot be done */
    MM_CONFIG_USAGE = 3,   /* wrong command, option or argument */
    MM_CONFIG_FAILED = 4,  /* no memory, or the output could not be written */
};

extern const struct mm_ctl_command mm_config_check_command;
extern const struct mm_ctl_command mm_config_schema_command;
extern const struct mm_ctl_command mm_config_items_command;

/* ---- the device (config_device.c) ---------------------------------------------------------------------- */

/* --ram-mb (this machine's RAM without it; 0: not known), --screen-inches, --device. 0, or an exit status after
   saying what is wrong. */
int mm_config_tool_device(const struct mm_ctl *ctl, struct mm_config_device *ret_device);

/* ---- reading (config_input.c) -------------------------------------------------------------------------- */

/* Which files to read: the arguments, else --search-path, else the built-in one; --max-bytes. 0, or an exit status
   after saying what is wrong. */
int mm_config_tool_sources(const struct mm_ctl *ctl, struct mm_config_sources *ret_sources);

/* Finds and reads the files, gives privileges up, parses and merges. As mm_config_read. */
int mm_config_tool_read(const struct mm_config_sources *sources, const struct mm_config_device *device,
                        struct mm_config_items *items, struct mm_problems *problems);

/* ---- problems (config_check.c) ------------------------------------------------------------------------- */

/* A line each, coloured on a terminal. */
void mm_config_tool_print_problems(const struct mm_ctl *ctl, FILE *stream,
                                   const struct mm_problems *problems);

/* Says on standard error what went wrong with the program itself; returns MM_CONFIG_FAILED. */
int mm_config_tool_fail(const struct mm_ctl *ctl, const char *what, int error);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of memmgr-config, the program for configuration files: what its commands share. Each command is a
 * struct mm_ctl_command in a file of its own, listed in config_tool.c. People reach it as "memmgrctl config".
 *
 * A command that reads files reads all of their bytes with the caller's privileges, gives these up, and only then
 * looks at what they are.
 */
#ifndef MM_SERVICE_CONFIG_TOOL_H
#define MM_SERVICE_CONFIG_TOOL_H

#include "config/config.h"
#include "config/xml_reader.h"
#include "service/shared/command_line.h"

#include <cjson/cJSON.h>

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
extern const struct mm_ctl_command mm_config_show_command;
extern const struct mm_ctl_command mm_config_diff_command;
extern const struct mm_ctl_command mm_config_explain_command;
extern const struct mm_ctl_command mm_config_schema_command;
extern const struct mm_ctl_command mm_config_init_command;
extern const struct mm_ctl_command mm_config_migrate_command;
extern const struct mm_ctl_command mm_config_items_command;

/* ---- the device (config_device.c) ---------------------------------------------------------------------- */

/* --ram-mb (this machine's RAM without it; 0: not known), --screen-inches, --device. 0, or an exit status after saying what is
   wrong. */
int mm_config_tool_device(const struct mm_ctl *ctl, struct mm_config_device *ret_device);

/* "a device with 4096 MB of RAM, a screen of 7 inches, called tv"; printable. Returns buffer. */
#define MM_DEVICE_TEXT_MAX 512
const char *mm_config_tool_device_text(const struct mm_config_device *device, char *buffer, size_t size);

/* {"ram_mb": 4096, "screen_inches": 7, "name": "tv"}: what is not known is null. NULL without memory. */
cJSON *mm_config_tool_device_json(const struct mm_config_device *device);

/* ---- reading (config_input.c) -------------------------------------------------------------------------- */

/* All zero, perhaps with problems.is_strict, before one of the functions below fills it in, whatever it returns;
   config is NULL then unless it returns 0. */
struct mm_config_input {
    struct mm_config_texts texts;
    struct mm_config_items items; /* merged */
    struct mm_problems problems;
    struct mm_config *config;
};

void mm_config_input_fini(struct mm_config_input *input);

/* Which files to read: the arguments, else --search-path, else the built-in one; --max-bytes. 0, or an exit status
   after saying what is wrong. */
int mm_config_tool_sources(const struct mm_ctl *ctl, struct mm_config_sources *ret_sources);
/* As mm_config_gather. */
int mm_config_tool_gather(const struct mm_config_sources *sources, struct mm_config_input *input);
/* As mm_config_merge_texts. */
int mm_config_tool_merge(struct mm_config_input *input, const struct mm_config_device *device);
/* Merges and builds. 0, -EINVAL, -ENOMEM. */
int mm_config_tool_build(struct mm_config_input *input, const struct mm_config_device *device);
/* Gathers, gives privileges up, merges and builds. */
int mm_config_tool_load(const struct mm_config_sources *sources, const struct mm_config_device *device,
                        struct mm_config_input *input);
/* A text, terminated by a NUL that does not count, as if it were the one file; name stands in messages. */
int mm_config_tool_verify(const char *name, const char *text, size_t length,
                          const struct mm_config_device *device, struct mm_config_input *ret_input);

/* The bytes of an open file, terminated by a NUL that does not count, the caller's to free. -EINVAL with a problem
   when it cannot be read or is too long, -ENOMEM. */
int mm_config_tool_read_text(int fd, const char *file, char **ret_bytes, size_t *ret_length,
                             struct mm_problems *problems);

/* ---- output (config_output.c) --------------------------------------------------------------------------- */

/* A line each, coloured on standard output; those that are less than that are left out. */
void mm_config_tool_print_problems(const struct mm_ctl *ctl, FILE *stream, const struct mm_problems *problems,
                                   enum mm_problem_severity least);

/* Prints and deletes, with escapes for what would not show on a terminal; NULL is what is left when memory ends.
   Returns an exit status. */
int mm_config_tool_print_json(const struct mm_ctl *ctl, cJSON *json);

/* The name of a file or the like as JSON can hold it: control characters and broken UTF-8 escaped as \xNN. */
cJSON *mm_config_tool_json_text(const char *text);
/* Exact, beyond the 53 bits that a number of cJSON has. */
cJSON *mm_config_tool_json_number(int64_t number);
/* Deletes the member where it cannot be added; it may be NULL. false without memory. */
bool mm_config_tool_json_add(cJSON *object, const char *name, cJSON *member);
bool mm_config_tool_json_append(cJSON *array, cJSON *entry);

/* Says on standard error what went wrong with the program itself; returns MM_CONFIG_FAILED. */
int mm_config_tool_fail(const struct mm_ctl *ctl, const char *what, int error);

/* Says why a new file cannot be made, by the errors of new_file.h; returns the exit status for it. */
int mm_config_tool_refuse_output(const struct mm_ctl *ctl, const char *file, int error);

#ifdef __cplusplus
}
#endif

#endif

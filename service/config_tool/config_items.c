/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config --items [FILE...]": what memmgrd runs. */
#include "service/config_tool/config_tool.h"

#include "service/shared/privileges.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int run(struct mm_ctl *ctl)
{
    struct mm_config_input input = {0};
    struct mm_config_sources sources;
    struct mm_config_device device;
    int r, undropped, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result != 0)
        return result;
    sources.is_watched = mm_ctl_option(ctl, "watched") != NULL;
    r = mm_config_tool_gather(&sources, &input);
    undropped = mm_privileges_drop();
    if (undropped < 0)
        mm_problems_add(&input.problems, MM_PROBLEM_NOTE, "", 0, 0,
                        "read as root, which cannot become nobody here: %s", strerror(-undropped));
    if (r == 0 || r == -EINVAL)
        r = mm_config_tool_merge(&input, &device);
    /* An invalid file is no failure of this program: its problems are part of the answer. */
    if (r == 0 || r == -EINVAL)
        r = mm_config_items_write(STDOUT_FILENO, &input.items, &input.problems);
    mm_config_input_fini(&input);
    return r < 0 ? mm_config_tool_fail(ctl, "items", r) : MM_CONFIG_OK;
}

static const struct mm_ctl_option options[] = {
    {"watched", NULL, "refuse a file that somebody has open for writing"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_items_command = {
    .name = "items",
    .summary = "write the merged items for memmgrd, no text for people",
    .arguments = "[FILE...]",
    .options = options,
    .max_arguments = MM_CONFIG_FILES_MAX,
    .run = run,
};

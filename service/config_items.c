/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config --items [FILE...]": what memmgrd runs. */
#include "service/config_tool.h"

#include <errno.h>
#include <unistd.h>

static int run(struct mm_ctl *ctl)
{
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config_sources sources;
    struct mm_config_device device;
    int r, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result != 0)
        return result;
    sources.is_watched = mm_ctl_option(ctl, "watched") != NULL;
    r = mm_config_tool_read(&sources, &device, &items, &problems);
    /* An invalid file is no failure of this program: its problems are part of the answer. */
    if (r == 0 || r == -EINVAL)
        r = mm_config_items_write(STDOUT_FILENO, &items, &problems);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config --items FILE": what memmgrd runs. */
#include "service/config_tool.h"

#include <errno.h>
#include <unistd.h>

static int run(struct mm_ctl *ctl)
{
    const char *file = ctl->arguments[0];
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    int r = mm_config_tool_read(file, &items, &problems);

    /* An invalid file is no failure of this program: its problems are part of the answer. */
    if (r == 0 || r == -EINVAL)
        r = mm_config_items_write(STDOUT_FILENO, &items, &problems);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
    return r < 0 ? mm_config_tool_fail(ctl, file, r) : MM_CONFIG_OK;
}

const struct mm_ctl_command mm_config_items_command = {
    .name = "items",
    .summary = "write a file's items for memmgrd, no text for people",
    .arguments = "FILE",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};

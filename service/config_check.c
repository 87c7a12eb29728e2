/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config check". */
#include "service/config_tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void mm_config_tool_print_problems(const struct mm_ctl *ctl, FILE *stream, const struct mm_problems *problems)
{
    char line[MM_PROBLEM_TEXT_MAX];

    (void)ctl;
    for (size_t i = 0; i < problems->count; i++)
        (void)fprintf(stream, "%s\n", mm_problem_text(&problems->items[i], line, sizeof(line)));
}

int mm_config_tool_fail(const struct mm_ctl *ctl, const char *what, int error)
{
    (void)fprintf(stderr, "%s: %s: %s\n", ctl->program->name, what, strerror(-error));
    return MM_CONFIG_FAILED;
}

static int judge(const struct mm_problems *problems, bool is_strict)
{
    if (problems->error_count > 0)
        return MM_CONFIG_INVALID;
    for (size_t i = 0; i < problems->count; i++) {
        if (is_strict && problems->items[i].severity == MM_PROBLEM_WARNING)
            return MM_CONFIG_FOUND;
    }
    return MM_CONFIG_OK;
}

static int run(struct mm_ctl *ctl)
{
    struct mm_config_sources sources;
    struct mm_config_device device;
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    int r, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result != 0)
        return result;
    r = mm_config_tool_read(&sources, &device, &items, &problems);
    if (r == 0 || r == -EINVAL)
        r = mm_config_build(&items, &device, &config, &problems);
    if (r == 0 || r == -EINVAL) {
        mm_config_tool_print_problems(ctl, stdout, &problems);
        result = judge(&problems, mm_ctl_option(ctl, "strict") != NULL);
    } else {
        result = mm_config_tool_fail(ctl, "check", r);
    }
    mm_config_free(config);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
    return result;
}

static const struct mm_ctl_option options[] = {
    {"strict", NULL, "warnings count: exit status 1 when there are any"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_check_command = {
    .name = "check",
    .summary = "print all that is wrong with the files",
    .arguments = "[FILE...]",
    .options = options,
    .max_arguments = MM_CONFIG_FILES_MAX,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config init": a commented file to begin with. */
#include "service/config_tool/config_tool.h"

#include "service/config_tool/config_example.h"
#include "service/config_tool/new_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FILE "memmgr_config.xml"

/* The starter file in new memory, the caller's to free; NULL without memory. */
static char *starter(size_t *ret_length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, ret_length);

    if (!stream)
        return NULL;
    mm_config_write_starter(stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static int write_starter(const char *name, bool may_replace)
{
    struct mm_new_file file;
    size_t length = 0;
    char *text = starter(&length);
    int r = text ? mm_new_file_open(name, may_replace, &file) : -ENOMEM;

    if (r == 0) {
        r = mm_new_file_write(&file, text, length);
        if (r == 0)
            r = mm_new_file_commit(&file);
        else
            mm_new_file_discard(&file);
    }
    free(text);
    return r;
}

static int run(struct mm_ctl *ctl)
{
    const char *name = ctl->argument_count > 0 ? ctl->arguments[0] : DEFAULT_FILE;
    int r;

    if (strcmp(name, "-") == 0) {
        /* That the output fails shows when it is flushed. */
        mm_config_write_starter(stdout);
        return MM_CONFIG_OK;
    }
    r = write_starter(name, mm_ctl_option(ctl, "force") != NULL);
    return r < 0 ? mm_config_tool_refuse_output(ctl, name, r) : MM_CONFIG_OK;
}

static const struct mm_ctl_option options[] = {
    {"force", NULL, "replace the file where it is there already"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_init_command = {
    .name = "init",
    .summary = "write a commented file to begin with, in which nothing counts yet",
    .arguments = "[FILE]",
    .details = "FILE is " DEFAULT_FILE " in this directory where none is named; \"-\" is standard output.",
    .options = options,
    .max_arguments = 1,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl config": another program's commands, as libxml2 is to be in that one alone. */
#include "service/ctl/memmgrctl_commands.h"

#include "service/shared/runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* memmgr-config's status for a failure that is nobody's configuration. */
#define CANNOT_RUN 4

/* The arguments as they are; "memmgrctl --json config show" means "memmgrctl config show --json". */
static void fill(const struct mm_ctl *ctl, char **words)
{
    size_t count = 0;

    words[count++] = "memmgrctl config";
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        words[count++] = ctl->arguments[i];
        if (i == 0 && ctl->is_json)
            words[count++] = "--json";
    }
    words[count] = NULL;
}

static int run(struct mm_ctl *ctl)
{
    char path[MM_PROGRAM_PATH_MAX];
    /* Ours, --json, and the NULL. */
    char **words = calloc(ctl->argument_count + 3, sizeof(*words));

    if (!words) {
        (void)fputs("memmgrctl: no memory\n", stderr);
        return CANNOT_RUN;
    }
    fill(ctl, words);
    mm_runtime_program("memmgr-config", path, sizeof(path));
    (void)execv(path, words);
    (void)fprintf(stderr, "memmgrctl: cannot run %s: %s\n", path, strerror(errno));
    free(words);
    return CANNOT_RUN;
}

const struct mm_ctl_command mm_ctl_config = {
    .name = "config",
    .summary = "check, show, compare, explain, start and convert configuration files",
    .arguments = "COMMAND [ARGUMENTS]",
    .max_arguments = UINT_MAX,
    .takes_rest = true,
    .run = run,
};

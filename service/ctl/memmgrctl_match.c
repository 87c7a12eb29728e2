/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl match": memmgr-match's command, as PCRE2 is to be in that program alone. */
#include "service/ctl/memmgrctl_commands.h"

#include "service/shared/match_options.h"
#include "service/shared/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(struct mm_ctl *ctl)
{
    /* ours, match, --json, two for each option, --, the argument, NULL */
    char *words[12] = {"memmgrctl", "match"};
    char options[2][32];
    size_t count = 2;
    char path[MM_PROGRAM_PATH_MAX];

    if (ctl->is_json)
        words[count++] = "--json";
    for (size_t i = 0; mm_match_options[i].name; i++) {
        if (!ctl->values[i])
            continue;
        (void)snprintf(options[i], sizeof(options[i]), "--%s", mm_match_options[i].name);
        words[count++] = options[i];
        /* exec takes words that it does not change */
        words[count++] = (char *)ctl->values[i];
    }
    words[count++] = "--";
    words[count] = ctl->arguments[0];
    mm_runtime_program("memmgr-match", path, sizeof(path));
    (void)execv(path, words);
    (void)fprintf(stderr, "memmgrctl: cannot run %s: %s\n", path, strerror(errno));
    return MM_CTL_PROTOCOL;
}

const struct mm_ctl_command mm_ctl_match = {MM_MATCH_COMMAND, .run = run};

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl reload" and "memmgrctl log-level". */
#include "service/memmgrctl_commands.h"

#include <stdio.h>

/* Asks one thing and returns the answer, or NULL with the exit code. */
static cJSON *ask(const struct mm_ctl *ctl, cJSON *request, int *ret_result)
{
    struct mm_session session;
    cJSON *answer = NULL;

    *ret_result = mm_session_open(ctl, &session);
    if (*ret_result != MM_CTL_OK) {
        cJSON_Delete(request);
        return NULL;
    }
    *ret_result = mm_session_ask(&session, ctl, request, &answer);
    mm_session_close(&session);
    if (answer && ctl->is_json) mm_print_json(answer);
    return answer;
}

static int run_reload(struct mm_ctl *ctl)
{
    int result;
    cJSON *answer = ask(ctl, mm_session_request("reload"), &result);

    if (answer && !ctl->is_json)
        (void)puts(mm_json_get_bool(answer, "done") ? "the configuration is in force"
                                                    : "the reload waits until memory is calm");
    cJSON_Delete(answer);
    return result;
}

static int run_log_level(struct mm_ctl *ctl)
{
    cJSON *request = mm_session_request("log-level"), *answer;
    int result;

    (void)cJSON_AddStringToObject(request, "level", ctl->arguments[0]);
    answer = ask(ctl, request, &result);
    cJSON_Delete(answer);
    return result;
}

const struct mm_ctl_command mm_ctl_reload = {
    .name = "reload",
    .summary = "read the configuration anew; an invalid one is refused and the old one stays",
    .arguments = "",
    .run = run_reload,
};

const struct mm_ctl_command mm_ctl_log_level = {
    .name = "log-level",
    .summary = "choose what the daemon logs: error, warning, notice, info or debug",
    .arguments = "LEVEL",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_log_level,
};

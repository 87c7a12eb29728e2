/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl reload" and "memmgrctl log-level". */
#include "service/ctl/memmgrctl_commands.h"

#include "service/shared/clean_text.h"

#include <poll.h>
#include <stdio.h>

/* The reader program takes milliseconds, and is given up after 10 s; while somebody is being killed a reload
   waits. */
#define RELOAD_LOOK_MS 50
#define RELOAD_WAIT_MS 15000

/* Looks at the status until the reload that was asked for has ended; 0 and the daemon's part of the status.
 */
static int await_reload(struct mm_session *session, const struct mm_ctl *ctl, double reloads_before,
                        cJSON **ret_status)
{
    for (unsigned waited_ms = 0;; waited_ms += RELOAD_LOOK_MS) {
        cJSON *status;
        int result = mm_session_ask(session, ctl, mm_session_request("status"), &status);

        if (result != MM_CTL_OK)
            return result;
        if (mm_json_get_number(mm_json_get(status, "daemon"), "reloads") > reloads_before ||
            waited_ms >= RELOAD_WAIT_MS) {
            *ret_status = status;
            return MM_CTL_OK;
        }
        cJSON_Delete(status);
        (void)poll(NULL, 0, RELOAD_LOOK_MS);
    }
}

static int tell_reload(const struct mm_ctl *ctl, const cJSON *status, double reloads_before)
{
    const cJSON *daemon = mm_json_get(status, "daemon");
    char message[512];

    if (ctl->is_json)
        mm_print_json(daemon);
    if (mm_json_get_number(daemon, "reloads") <= reloads_before) {
        if (!ctl->is_json)
            (void)puts("the reload waits until memory is calm");
        return MM_CTL_OK;
    }
    if (mm_json_get_bool(daemon, "reload_ok")) {
        if (!ctl->is_json)
            (void)puts(mm_clean_text(mm_json_get_text(daemon, "reload_message"), message, sizeof(message)));
        return MM_CTL_OK;
    }
    (void)fprintf(stderr, "memmgrctl: the old configuration stays: %s\n",
                  mm_clean_text(mm_json_get_text(daemon, "reload_message"), message, sizeof(message)));
    return MM_CTL_REFUSED;
}

static int run_reload(struct mm_ctl *ctl)
{
    struct mm_session session;
    cJSON *answer, *status = NULL;
    double before = -1;
    int result = mm_session_open(ctl, &session);

    if (result != MM_CTL_OK)
        return result;
    result = mm_session_ask(&session, ctl, mm_session_request("reload"), &answer);
    if (result == MM_CTL_OK) {
        /* One that is done already shows in any status. */
        if (!mm_json_get_bool(answer, "done"))
            before = mm_json_get_number(answer, "reloads");
        cJSON_Delete(answer);
        result = await_reload(&session, ctl, before, &status);
    }
    if (result == MM_CTL_OK)
        result = tell_reload(ctl, status, before);
    cJSON_Delete(status);
    mm_session_close(&session);
    return result;
}

static int run_log_level(struct mm_ctl *ctl)
{
    cJSON *request, *answer;
    int result;

    request = mm_session_request("log-level");
    (void)cJSON_AddStringToObject(request, "level", ctl->arguments[0]);
    result = mm_session_ask_once(ctl, request, &answer);
    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json)
        mm_print_json(answer);
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_reload = {
    .name = "reload",
    .summary = "read the configuration anew; when it is not valid the old one stays",
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

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl list": the processes in the order in which they would die. */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"

#include <stdio.h>

static const struct mm_ctl_option options[] = {
    {"limit", "N", "only the first N"},
    {"registered", NULL, "only processes that a client registered"},
    {"why", "PID", "only this process"},
    {.name = NULL},
};

static void print_process(struct mm_table *table, const cJSON *process)
{
    double priority = mm_json_get_number(process, "priority");
    double bundle_priority = mm_json_get_number(process, "bundle_priority");
    double set_aside_ms = mm_json_get_number(process, "set_aside_ms");
    bool is_registered = mm_json_get_bool(process, "registered");
    char duration[MM_DURATION_TEXT_MAX];

    mm_table_cell(table, bundle_priority <= 0 ? MM_STYLE_GOOD : MM_STYLE_PLAIN, "%.0f", bundle_priority);
    mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", priority);
    mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(process, "pid"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(process, "uid"));
    mm_table_size_cell(table, mm_json_get(process, "resident_bytes"));
    mm_table_cell(table, is_registered ? MM_STYLE_PLAIN : MM_STYLE_FAINT, "%s",
                  mm_json_get_text(process, "name"));
    if (set_aside_ms > 0)
        mm_table_cell(table, MM_STYLE_WARN, "set aside for %s: it did not die; %s",
                      mm_duration_text(set_aside_ms, duration, sizeof(duration)),
                      mm_json_get_text(process, "why"));
    else
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(process, "why"));
}

static void print_list(const struct mm_ctl *ctl, const cJSON *answer)
{
    static const struct mm_column columns[] = {
        {"BUNDLE", true}, {"PRIORITY", true}, {"PID", true},  {"UID", true},
        {"SIZE", true},   {"NAME", false},    {"WHY", false},
    };
    struct mm_table *table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    const cJSON *process;

    cJSON_ArrayForEach (process, mm_json_get(answer, "processes")) {
        print_process(table, process);
    }
    mm_table_print(table, ctl);
    mm_table_free(table);
}

static int run(struct mm_ctl *ctl)
{
    struct mm_session session;
    const char *limit_text = mm_ctl_option(ctl, "limit"), *why = mm_ctl_option(ctl, "why");
    int64_t limit = -1, pid = 0;
    cJSON *answer, *request;
    int result = MM_CTL_OK;

    if (limit_text)
        result = mm_ctl_number(ctl, "--limit", limit_text, 1, 100000, &limit);
    if (result == MM_CTL_OK && why)
        result = mm_ctl_number(ctl, "--why", why, 1, INT32_MAX, &pid);
    if (result == MM_CTL_OK)
        result = mm_session_open(ctl, &session);
    if (result != MM_CTL_OK)
        return result;

    request = mm_session_request("list");
    if (limit > 0)
        (void)cJSON_AddNumberToObject(request, "limit", (double)limit);
    if (pid > 0)
        (void)cJSON_AddNumberToObject(request, "pid", (double)pid);
    if (mm_ctl_option(ctl, "registered"))
        (void)cJSON_AddTrueToObject(request, "registered");
    result = mm_session_ask_pages(&session, ctl, request, "processes", "pid", limit, &answer);
    cJSON_Delete(request);
    mm_session_close(&session);
    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json)
        mm_print_json(answer);
    else
        print_list(ctl, answer);
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_list = {
    .name = "list",
    .summary = "show every process in the order in which they would be killed, and why",
    .arguments = "",
    .details = "BUNDLE is the priority of the bundle, its least process'; bundles die as a whole, the one\n"
               "with the highest number first. PRIORITY is the process' own, WHY the rules that gave it.",
    .options = options,
    .run = run,
};

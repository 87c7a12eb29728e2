/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl explain" and "memmgrctl kills". */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"

#include <stdio.h>

/* Fills a terminal without scrolling the question away. */
#define DECISIONS_SHOWN 20

static const struct mm_ctl_option explain_options[] = {
    {"limit", "N", "the last N decisions, instead of 20"},
    {"acted", NULL, "only where something was done"},
    {.name = NULL},
};

static const struct mm_ctl_option kills_options[] = {
    {"limit", "N", "only the last N"},
    {.name = NULL},
};

/* "12.3 s ago", from two moments of the daemon's clock. */
static void age_cell(struct mm_table *table, double now_ns, double then_ns)
{
    char text[MM_DURATION_TEXT_MAX];
    double age_ms = now_ns > then_ns ? (now_ns - then_ns) / (double)MM_NS_PER_MS : 0;

    mm_table_cell(table, MM_STYLE_FAINT, "%s ago", mm_duration_text(age_ms, text, sizeof(text)));
}

static void decision_row(struct mm_table *table, const cJSON *decision, double now_ns)
{
    bool acted = mm_json_get_bool(decision, "acted");
    double pid = mm_json_get_number(decision, "pid"), repeats = mm_json_get_number(decision, "repeats");
    const cJSON *amount = mm_json_get(decision, "amount_bytes");

    age_cell(table, now_ns, mm_json_get_number(decision, "time_ns"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(decision, "source"));
    mm_table_cell(table, acted ? MM_STYLE_WARN : MM_STYLE_FAINT, "%s%s", mm_json_get_text(decision, "action"),
                  mm_json_get_bool(decision, "dry_run") ? " (dry run)" : "");
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(decision, "target"));
    if (pid > 0)
        mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", pid);
    else
        mm_table_cell(table, MM_STYLE_FAINT, "-");
    if (cJSON_IsNumber(amount) && amount->valuedouble > 0)
        mm_table_size_cell(table, amount);
    else
        mm_table_cell(table, MM_STYLE_FAINT, "-");
    if (repeats > 0)
        mm_table_cell(table, MM_STYLE_PLAIN, "%s (%.0f times more)", mm_json_get_text(decision, "reason"),
                      repeats);
    else
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(decision, "reason"));
}

/* An interval in microseconds; "-" where its end has not come. */
static void interval_cell(struct mm_table *table, const cJSON *record, const char *name)
{
    const cJSON *interval = mm_json_get(record, name);
    char text[MM_DURATION_TEXT_MAX];

    if (cJSON_IsNumber(interval))
        mm_table_cell(table, MM_STYLE_PLAIN, "%s",
                      mm_duration_text(interval->valuedouble / 1000, text, sizeof(text)));
    else
        mm_table_cell(table, MM_STYLE_FAINT, "-");
}

static void kill_row(struct mm_table *table, const cJSON *record, double now_ns)
{
    age_cell(table, now_ns, mm_json_get_number(record, "decided_ns"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(record, "name"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(record, "pid"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(record, "priority"));
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(record, "outcome"));
    mm_table_size_cell(table, mm_json_get(record, "available_before_bytes"));
    mm_table_size_cell(table, mm_json_get(record, "available_after_bytes"));
    mm_table_size_cell(table, mm_json_get(record, "freed_bytes"));
    interval_cell(table, record, "decided_to_signal_us");
    interval_cell(table, record, "decided_to_exit_us");
    interval_cell(table, record, "decided_to_recovery_us");
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(record, "reason"));
}

/* One of the two commands. */
struct history {
    const char *request, *key, *nothing;
    const struct mm_column *columns;
    unsigned column_count;
    void (*row)(struct mm_table *table, const cJSON *entry, double now_ns);
};

/* The newest last, where the eye is. */
static void print_history(const struct mm_ctl *ctl, const struct history *history, const cJSON *answer)
{
    const cJSON *entries = mm_json_get(answer, history->key);
    int count = cJSON_GetArraySize(entries);
    struct mm_table *table;

    if (count == 0) {
        (void)puts(history->nothing);
        return;
    }
    table = mm_table_new(history->columns, history->column_count);
    while (count-- > 0)
        history->row(table, cJSON_GetArrayItem(entries, count), mm_json_get_number(answer, "now_ns"));
    mm_table_print(table, ctl);
    mm_table_free(table);
}

static int run_history(struct mm_ctl *ctl, const struct history *history, int64_t limit)
{
    const char *limit_text = mm_ctl_option(ctl, "limit");
    struct mm_session session;
    cJSON *answer, *request;
    int result = MM_CTL_OK;

    if (limit_text)
        result = mm_ctl_number(ctl, "--limit", limit_text, 1, 100000, &limit);
    if (result == MM_CTL_OK)
        result = mm_session_open(ctl, &session);
    if (result != MM_CTL_OK)
        return result;
    request = mm_session_request(history->request);
    if (limit > 0)
        (void)cJSON_AddNumberToObject(request, "limit", (double)limit);
    if (mm_ctl_option(ctl, "acted"))
        (void)cJSON_AddTrueToObject(request, "acted");
    result = mm_session_ask_pages(&session, ctl, request, history->key, "sequence", limit, &answer);
    cJSON_Delete(request);
    mm_session_close(&session);
    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json)
        mm_print_json(answer);
    else
        print_history(ctl, history, answer);
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

static int run_explain(struct mm_ctl *ctl)
{
    static const struct mm_column columns[] = {
        {"WHEN", true}, {"WHO", false},   {"ACTION", false}, {"TARGET", false},
        {"PID", true},  {"AMOUNT", true}, {"WHY", false},
    };
    static const struct history history = {
        .request = "explain",
        .key = "decisions",
        .nothing = "nothing has been decided yet",
        .columns = columns,
        .column_count = MM_ARRAY_SIZE(columns),
        .row = decision_row,
    };

    return run_history(ctl, &history, DECISIONS_SHOWN);
}

static int run_kills(struct mm_ctl *ctl)
{
    static const struct mm_column columns[] = {
        {"WHEN", true},     {"NAME", false},  {"PID", true},      {"PRIORITY", true},
        {"OUTCOME", false}, {"BEFORE", true}, {"AFTER", true},    {"FREED", true},
        {"SIGNAL", true},   {"EXIT", true},   {"RECOVERY", true}, {"WHY", false},
    };
    static const struct history history = {
        .request = "kills",
        .key = "kills",
        .nothing = "nothing has been killed since the daemon's start",
        .columns = columns,
        .column_count = MM_ARRAY_SIZE(columns),
        .row = kill_row,
    };

    return run_history(ctl, &history, -1);
}

const struct mm_ctl_command mm_ctl_explain = {
    .name = "explain",
    .summary = "show the last decisions, also those to do nothing, each with its reason",
    .arguments = "",
    .options = explain_options,
    .run = run_explain,
};

const struct mm_ctl_command mm_ctl_kills = {
    .name = "kills",
    .summary = "show who was killed, why, and how fast",
    .arguments = "",
    .details = "BEFORE and AFTER are available memory; SIGNAL, EXIT and RECOVERY the time from the decision\n"
               "to SIGKILL, to the victim's end, and to the memory being back.",
    .options = kills_options,
    .run = run_kills,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl status". */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <stdio.h>
#include <string.h>

/* Room for a text of the daemon's: a path, a reason. */
#define TEXT_MAX 512

/* A heading and what stands beside it. */
static void print_title(const struct mm_ctl *ctl, const char *title)
{
    (void)printf("%s%-11s%s ", mm_style_begin(ctl, MM_STYLE_TITLE), title, mm_style_end(ctl, MM_STYLE_TITLE));
}

static const char *size_text(const cJSON *object, const char *name, char *buffer, size_t size)
{
    const cJSON *bytes = mm_json_get(object, name);

    if (!cJSON_IsNumber(bytes) || bytes->valuedouble < 0 || bytes->valuedouble >= (double)INT64_MAX)
        return "-";
    return mm_size_text((uint64_t)bytes->valuedouble, buffer, size);
}

/* The files in the order in which they lie over each other, and when they were read. */
static void print_config(const struct mm_ctl *ctl, const cJSON *daemon)
{
    const cJSON *files = mm_json_get(daemon, "config_files"), *file;
    double left_out = mm_json_get_number(daemon, "config_files_left_out");
    char loaded[MM_DURATION_TEXT_MAX], text[TEXT_MAX];

    print_title(ctl, "config");
    if (cJSON_GetArraySize(files) == 0)
        (void)puts("built-in values");
    cJSON_ArrayForEach (file, files) {
        const cJSON *profile = mm_json_get(file, "profile");

        (void)printf("%*s%s", file == files->child ? 0 : 12, "",
                     mm_clean_text(mm_json_get_text(file, "file"), text, sizeof(text)));
        if (cJSON_IsString(profile))
            (void)printf(", profile %s", profile->valuestring[0]
                                             ? mm_clean_text(profile->valuestring, text, sizeof(text))
                                             : "without a name");
        (void)putchar('\n');
    }
    if (left_out > 0)
        (void)printf("%12sand %.0f more\n", "", left_out);
    (void)printf("%12sread %s ago", "",
                 mm_duration_text(mm_json_get_number(daemon, "config_loaded_ms"), loaded, sizeof(loaded)));
    if (mm_json_get_number(daemon, "reloads") > 0 && !mm_json_get_bool(daemon, "reload_ok"))
        (void)printf(", %slast reload failed: %s%s", mm_style_begin(ctl, MM_STYLE_BAD),
                     mm_clean_text(mm_json_get_text(daemon, "reload_message"), text, sizeof(text)),
                     mm_style_end(ctl, MM_STYLE_BAD));
    (void)putchar('\n');
}

static void print_daemon(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *daemon = mm_json_get(answer, "daemon");
    char uptime[MM_DURATION_TEXT_MAX], text[TEXT_MAX];

    print_title(ctl, "daemon");
    (void)printf("memmgrd %s, pid %.0f, up %s", mm_json_get_text(daemon, "version"),
                 mm_json_get_number(daemon, "pid"),
                 mm_duration_text(mm_json_get_number(daemon, "uptime_ms"), uptime, sizeof(uptime)));
    if (mm_json_get_bool(daemon, "dry_run"))
        (void)printf(", %sdry run: nothing is changed%s", mm_style_begin(ctl, MM_STYLE_WARN),
                     mm_style_end(ctl, MM_STYLE_WARN));
    (void)putchar('\n');
    print_config(ctl, daemon);
    print_title(ctl, "domain");
    (void)puts(mm_json_get_text(daemon, "domain")[0]
                   ? mm_clean_text(mm_json_get_text(daemon, "domain"), text, sizeof(text))
                   : "the whole machine");
}

static void print_pressure(const struct mm_ctl *ctl, const cJSON *pressure)
{
    static const char *const kinds[] = {"some", "full"};

    print_title(ctl, "pressure");
    if (!cJSON_IsObject(pressure)) {
        (void)puts("not known: the kernel has no PSI here");
        return;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(kinds); i++) {
        const cJSON *line = mm_json_get(pressure, kinds[i]);

        (void)printf("%s%s %.2f %% of 10 s, %.2f %% of 60 s", i > 0 ? "; " : "", kinds[i],
                     mm_json_get_number(line, "average_10s_centipercent") / 100,
                     mm_json_get_number(line, "average_60s_centipercent") / 100);
    }
    (void)putchar('\n');
}

static void print_stall(const cJSON *kind, bool is_first)
{
    char total[MM_DURATION_TEXT_MAX], longest[MM_DURATION_TEXT_MAX];

    (void)printf("%s%s %.0f, %s in all, the longest %s", is_first ? "" : "; ", mm_json_get_text(kind, "kind"),
                 mm_json_get_number(kind, "count"),
                 mm_duration_text(mm_json_get_number(kind, "total_us") / 1000, total, sizeof(total)),
                 mm_duration_text(mm_json_get_number(kind, "longest_us") / 1000, longest, sizeof(longest)));
}

static void print_stalls(const struct mm_ctl *ctl, const cJSON *stalls)
{
    const cJSON *kind;
    bool is_first = true;

    print_title(ctl, "stalls");
    if (!cJSON_IsObject(stalls)) {
        (void)puts("not known: nobody tells of them");
        return;
    }
    cJSON_ArrayForEach (kind, mm_json_get(stalls, "kinds")) {
        if (mm_json_get_number(kind, "count") <= 0)
            continue;
        print_stall(kind, is_first);
        is_first = false;
    }
    (void)printf("%s; %.0f in progress\n", is_first ? "none" : "", mm_json_get_number(stalls, "in_progress"));
}

static void print_memory(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *memory = mm_json_get(answer, "memory");
    char available[MM_SIZE_TEXT_MAX], total[MM_SIZE_TEXT_MAX], swap_free[MM_SIZE_TEXT_MAX],
        swap[MM_SIZE_TEXT_MAX];

    print_title(ctl, "memory");
    if (!cJSON_IsObject(memory)) {
        (void)puts("cannot be read");
    } else {
        (void)printf("%s of %s available", size_text(memory, "available_bytes", available, sizeof(available)),
                     size_text(memory, "total_bytes", total, sizeof(total)));
        if (mm_json_get_number(memory, "swap_total_bytes") > 0)
            (void)printf(", swap %s of %s free",
                         size_text(memory, "swap_free_bytes", swap_free, sizeof(swap_free)),
                         size_text(memory, "swap_total_bytes", swap, sizeof(swap)));
        else
            (void)printf(", no swap");
        (void)putchar('\n');
        if (mm_json_get(memory, "level")) {
            print_title(ctl, "level");
            (void)printf("%s, by %s\n", mm_json_get_text(memory, "level"),
                         mm_json_get_text(memory, "level_cause"));
        }
    }
    print_pressure(ctl, mm_json_get(answer, "pressure"));
    print_stalls(ctl, mm_json_get(answer, "stalls"));
}

static void print_killer(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *kill = mm_json_get(answer, "kill"), *watch = mm_json_get(answer, "waterline_watch"), *level;
    char text[MM_SIZE_TEXT_MAX], duration[MM_DURATION_TEXT_MAX];
    bool is_killing = mm_json_get_bool(kill, "is_killing");
    enum mm_style style = is_killing ? MM_STYLE_BAD : MM_STYLE_GOOD;
    const char *state = is_killing ? "killing" : "at rest";

    print_title(ctl, "killer");
    if (!mm_json_get_bool(kill, "enabled")) {
        style = MM_STYLE_WARN;
        state = "off";
    }
    (void)printf("%s%s%s, %.0f kills, %.0f evaluations\n", mm_style_begin(ctl, style), state,
                 mm_style_end(ctl, style), mm_json_get_number(kill, "kills"),
                 mm_json_get_number(kill, "evaluations"));
    cJSON_ArrayForEach (level, mm_json_get(kill, "levels")) {
        (void)printf("%12sbelow %-10s from priority %.0f\n", "",
                     size_text(level, "memory_bytes", text, sizeof(text)),
                     mm_json_get_number(level, "min_priority"));
    }
    print_title(ctl, "waterline");
    if (!mm_json_get_bool(watch, "enabled")) {
        (void)puts("not watched");
        return;
    }
    (void)printf("next look in %s at the latest, memory can fill at %s/s\n",
                 mm_duration_text(mm_json_get_number(watch, "next_check_ms"), duration, sizeof(duration)),
                 size_text(watch, "fill_rate_bytes_per_s", text, sizeof(text)));
}

static void print_reclaim(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *reclaim = mm_json_get(answer, "reclaim");
    char squeezed[MM_SIZE_TEXT_MAX], low[MM_SIZE_TEXT_MAX], high[MM_SIZE_TEXT_MAX];
    bool is_enabled = mm_json_get_bool(reclaim, "enabled");

    print_title(ctl, "reclaim");
    (void)printf("%s; from %s available to %s; %.0f squeezes gave %s; %.0f limits stand\n",
                 !is_enabled                                 ? "off"
                 : mm_json_get_bool(reclaim, "is_squeezing") ? "squeezing"
                                                             : "at rest",
                 size_text(reclaim, "min_avail_bytes", low, sizeof(low)),
                 size_text(reclaim, "high_avail_bytes", high, sizeof(high)),
                 mm_json_get_number(reclaim, "squeezes"),
                 size_text(reclaim, "squeezed_bytes", squeezed, sizeof(squeezed)),
                 mm_json_get_number(reclaim, "limits_held"));
    if (mm_json_get_number(reclaim, "limits_left") > 0)
        (void)printf("%12s%.0f limits of before are still to be restored\n", "",
                     mm_json_get_number(reclaim, "limits_left"));
}

static void print_process_rules(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *rules = mm_json_get(answer, "process_rules");
    char size[MM_SIZE_TEXT_MAX], text[TEXT_MAX];

    if (!cJSON_IsObject(rules))
        return;
    print_title(ctl, "rules");
    if (!mm_json_get_bool(rules, "enabled")) {
        (void)puts("none for processes");
        return;
    }
    (void)printf("%.0f%s%s; %.0f processes asked about, %.0f taken; ", mm_json_get_number(rules, "rules"),
                 mm_json_get_bool(rules, "built_in") ? " and the built-in ones" : "",
                 mm_json_get_bool(rules, "user_programs") ? ", users' programs too" : "",
                 mm_json_get_number(rules, "asked"), mm_json_get_number(rules, "matched"));
    if (mm_json_get_number(rules, "pid") > 0)
        (void)printf("memmgr-match %.0f has %s\n", mm_json_get_number(rules, "pid"),
                     size_text(rules, "resident_bytes", size, sizeof(size)));
    else
        (void)puts("memmgr-match is at rest");
    if (mm_json_get_number(rules, "gave_up") > 0)
        (void)printf("%12s%s%.0f times a pattern took too long%s\n", "", mm_style_begin(ctl, MM_STYLE_WARN),
                     mm_json_get_number(rules, "gave_up"), mm_style_end(ctl, MM_STYLE_WARN));
    if (mm_json_get_number(rules, "failures") > 0)
        (void)printf("%12s%smemmgr-match failed %.0f times, the last: %s%s\n", "",
                     mm_style_begin(ctl, MM_STYLE_WARN), mm_json_get_number(rules, "failures"),
                     mm_clean_text(mm_json_get_text(rules, "failure"), text, sizeof(text)),
                     mm_style_end(ctl, MM_STYLE_WARN));
}

static void print_saved_state(const struct mm_ctl *ctl, const cJSON *saved, bool is_dry_run)
{
    const cJSON *ago = mm_json_get(saved, "saved_ms_ago");
    char error[TEXT_MAX];

    print_title(ctl, "saved state");
    if (!mm_json_get_bool(saved, "enabled")) {
        (void)puts("none: a restart forgets what clients reported");
        return;
    }
    if (mm_json_get_number(saved, "restored_processes") + mm_json_get_number(saved, "restored_accounts") > 0)
        (void)printf(
            "%.0f processes, %.0f bindings and %.0f accounts were taken up, %.1f s old; %.0f were gone; ",
            mm_json_get_number(saved, "restored_processes"), mm_json_get_number(saved, "restored_bindings"),
            mm_json_get_number(saved, "restored_accounts"), mm_json_get_number(saved, "age_ms") / 1000,
            mm_json_get_number(saved, "gone"));
    if (is_dry_run)
        (void)printf("kept in memory: dry run");
    else if (cJSON_IsNumber(ago))
        (void)printf("saved %.1f s ago%s", mm_json_get_number(saved, "saved_ms_ago") / 1000,
                     mm_json_get_bool(saved, "unsaved_reports") ? ", something was reported since" : "");
    else
        (void)printf("nothing %s yet", mm_json_get_bool(saved, "unsaved_reports") ? "is saved" : "to save");
    if (mm_json_get_number(saved, "left_out") > 0)
        (void)printf("%s; no room for %.0f of it%s", mm_style_begin(ctl, MM_STYLE_WARN),
                     mm_json_get_number(saved, "left_out"), mm_style_end(ctl, MM_STYLE_WARN));
    (void)putchar('\n');
    if (cJSON_IsString(mm_json_get(saved, "error")))
        (void)printf("%12s%scannot be written: %s; tried again every 30 s and with each report%s\n", "",
                     mm_style_begin(ctl, MM_STYLE_WARN),
                     mm_clean_text(mm_json_get_text(saved, "error"), error, sizeof(error)),
                     mm_style_end(ctl, MM_STYLE_WARN));
}

/* What clients said of the whole device last; nobody need have said anything. */
static void print_device(const struct mm_ctl *ctl, const cJSON *device)
{
    const cJSON *word;
    char text[TEXT_MAX];

    if (cJSON_GetArraySize(device) == 0)
        return;
    print_title(ctl, "device");
    cJSON_ArrayForEach (word, device) {
        if (cJSON_IsString(word))
            (void)printf("%s%s", word == device->child ? "" : ", ",
                         mm_clean_text(word->valuestring, text, sizeof(text)));
    }
    (void)putchar('\n');
}

static void print_counters(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *list = mm_json_get(answer, "list"), *events = mm_json_get(answer, "events"),
                *requests = mm_json_get(answer, "requests");

    print_title(ctl, "list");
    (void)printf("%.0f processes (%.0f registered) in %.0f bundles of %.0f accounts\n",
                 mm_json_get_number(list, "processes"), mm_json_get_number(list, "registered_processes"),
                 mm_json_get_number(list, "bundles"), mm_json_get_number(list, "accounts"));
    if (strcmp(mm_json_get_text(list, "compat"), "upstream") == 0)
        (void)printf("%12s%sOpenHarmony's numbers, defects included (priorityCompat upstream)%s\n", "",
                     mm_style_begin(ctl, MM_STYLE_WARN), mm_style_end(ctl, MM_STYLE_WARN));
    print_saved_state(ctl, mm_json_get(answer, "saved_state"),
                      mm_json_get_bool(mm_json_get(answer, "daemon"), "dry_run"));
    print_title(ctl, "events");
    (void)printf("%.0f lost, %.0f about unknown processes, %.0f refused, %.0f too late; %.0f wake-ups\n",
                 mm_json_get_number(events, "lost"), mm_json_get_number(list, "unknown_pid_events"),
                 mm_json_get_number(list, "refused_events"), mm_json_get_number(list, "late_events"),
                 mm_json_get_number(events, "wakeups"));
    if (mm_json_get_number(list, "foreign_claims") > 0)
        (void)printf("%12s%.0f named another account than the process is registered for\n", "",
                     mm_json_get_number(list, "foreign_claims"));
    print_title(ctl, "requests");
    (void)printf("%.0f, %.0f refused (%.0f not permitted); %.0f critical processes, %.0f registered apps\n",
                 mm_json_get_number(requests, "handled"), mm_json_get_number(requests, "refused"),
                 mm_json_get_number(requests, "permission_denied"),
                 mm_json_get_number(requests, "critical_processes"),
                 mm_json_get_number(requests, "registered_apps"));
    print_title(ctl, "scores");
    (void)printf("%.0f oom_score_adj written, %.0f writes failed\n",
                 mm_json_get_number(list, "oom_score_adj_writes"),
                 mm_json_get_number(list, "oom_score_adj_failures"));
}

/* Sources and features: a name, whether it is there, and how or why not. */
static void print_states(const struct mm_ctl *ctl, const cJSON *array, const char *title, const char *flag,
                         const char *reason)
{
    const struct mm_column columns[] = {{title, false}, {"works", false}, {"how, or why not", false}};
    struct mm_table *table;
    const cJSON *row;

    if (cJSON_GetArraySize(array) == 0)
        return;
    table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    cJSON_ArrayForEach (row, array) {
        bool is_there = mm_json_get_bool(row, flag);

        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(row, "name"));
        mm_table_cell(table, is_there ? MM_STYLE_GOOD : MM_STYLE_WARN, "%s", is_there ? "yes" : "no");
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(row, reason));
    }
    (void)putchar('\n');
    mm_table_print(table, ctl);
    mm_table_free(table);
}

static int run(struct mm_ctl *ctl)
{
    cJSON *answer;
    int result = mm_session_ask_once(ctl, mm_session_request("status"), &answer);

    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json) {
        mm_print_json(answer);
    } else {
        print_daemon(ctl, answer);
        print_device(ctl, mm_json_get(answer, "device"));
        print_memory(ctl, answer);
        print_killer(ctl, answer);
        print_reclaim(ctl, answer);
        print_counters(ctl, answer);
        print_process_rules(ctl, answer);
        print_states(ctl, mm_json_get(answer, "sources"), "event source", "active", "detail");
        print_states(ctl, mm_json_get(answer, "features"), "kernel feature", "available", "reason");
    }
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_status = {
    .name = "status",
    .summary = "show the daemon, memory, waterlines and what the kernel offers",
    .arguments = "",
    .run = run,
};

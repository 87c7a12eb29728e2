/* SPDX-License-Identifier: Apache-2.0 */
/* What the spectator of the demonstration sees. */
#include "service/demo/demo.h"

#include "common/common.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define METER_WIDTH 50

static double seconds_since(const struct mm_demo_show *show)
{
    struct mm_kernel *kernel = show->stage->kernel;

    return (double)(kernel->ops->now_ns(kernel) - show->started_ns) / 1e9;
}

static void clear_line(const struct mm_demo_show *show)
{
    if (show->is_live)
        (void)fputs("\r\033[K", stdout);
}

void mm_demo_say(struct mm_demo_show *show, const char *format, ...)
{
    va_list arguments;

    if (show->ctl->is_json)
        return;
    clear_line(show);
    (void)printf("%s%6.2f s%s  ", mm_style_begin(show->ctl, MM_STYLE_FAINT), seconds_since(show),
                 mm_style_end(show->ctl, MM_STYLE_FAINT));
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

static unsigned column_of(const struct mm_demo_stage *stage, uint64_t bytes)
{
    return (unsigned)(MM_MIN(bytes, stage->limit_bytes) * (METER_WIDTH - 1) / stage->limit_bytes);
}

/* "[####|##|-|-...]": available memory, and where the waterlines are. */
static void draw_meter(const struct mm_demo_stage *stage, uint64_t available_bytes,
                       char meter[METER_WIDTH + 1])
{
    unsigned filled = column_of(stage, available_bytes);

    for (unsigned i = 0; i < METER_WIDTH; i++)
        meter[i] = i <= filled ? '#' : '.';
    for (size_t i = 0; i < stage->config->kill.level_count; i++)
        meter[column_of(stage, stage->config->kill.levels[i].memory_bytes)] = '|';
    meter[METER_WIDTH] = '\0';
}

void mm_demo_show_memory(struct mm_demo_show *show, const struct mm_demo_cast *cast, uint64_t available_bytes)
{
    char meter[METER_WIDTH + 1];
    char size[MM_SIZE_TEXT_MAX];
    const struct mm_kill_level *next = NULL;

    if (show->ctl->is_json)
        return;
    for (size_t i = 0; i < show->stage->config->kill.level_count; i++) {
        if (show->stage->config->kill.levels[i].memory_bytes <= available_bytes)
            next = &show->stage->config->kill.levels[i];
    }
    draw_meter(show->stage, available_bytes, meter);
    clear_line(show);
    (void)printf("%6.2f s  [%s] %10s available, next waterline %3llu MB, %u alive%s", seconds_since(show),
                 meter, mm_size_text(available_bytes, size, sizeof(size)),
                 (unsigned long long)(next ? next->memory_bytes / MM_MIB : 0), cast->count - cast->deaths,
                 show->is_live ? "" : "\n");
    (void)fflush(stdout);
}

void mm_demo_show_list(struct mm_demo_show *show, const cJSON *answer)
{
    static const struct mm_column columns[] = {
        {"PRIORITY", true}, {"APPLICATION", false}, {"PID", true}, {"MEMORY", true}, {"WHY", false}};
    struct mm_table *table;
    const cJSON *process;

    if (show->ctl->is_json)
        return;
    clear_line(show);
    table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    cJSON_ArrayForEach (process, mm_json_get(answer, "processes")) {
        mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(process, "priority"));
        mm_table_cell(table, MM_STYLE_PLAIN, "%s", mm_json_get_text(process, "name"));
        mm_table_cell(table, MM_STYLE_PLAIN, "%.0f", mm_json_get_number(process, "pid"));
        mm_table_size_cell(table, mm_json_get(process, "resident_bytes"));
        mm_table_cell(table, MM_STYLE_FAINT, "%s", mm_json_get_text(process, "why"));
    }
    (void)putchar('\n');
    mm_table_print(table, show->ctl);
    (void)putchar('\n');
    mm_table_free(table);
}

/* ---- the result -----------------------------------------------------------------------------------------
 */

static const cJSON *kill_of(const cJSON *kills, pid_t pid)
{
    const cJSON *kill;

    cJSON_ArrayForEach (kill, mm_json_get(kills, "kills")) {
        if ((pid_t)mm_json_get_number(kill, "pid") == pid)
            return kill;
    }
    return NULL;
}

static const struct mm_demo_app *app_at_place(const struct mm_demo_cast *cast, unsigned place)
{
    for (unsigned i = 0; i < cast->count; i++) {
        if (cast->apps[i].is_dead && cast->apps[i].place == place)
            return &cast->apps[i];
    }
    return NULL;
}

static double crossing_to_death_ms(const struct mm_demo_app *app)
{
    return app->crossed_ns ? (double)(app->died_ns - app->crossed_ns) / 1e6 : 0;
}

static void add_death_row(struct mm_table *table, const struct mm_demo_app *app, const cJSON *kill)
{
    mm_table_cell(table, MM_STYLE_PLAIN, "%u", app->place);
    mm_table_cell(table, MM_STYLE_PLAIN, "%s", app->name);
    mm_table_cell(table, MM_STYLE_PLAIN, "%s, %d", mm_demo_states[app->state].word,
                  mm_demo_states[app->state].priority);
    mm_table_cell(table, MM_STYLE_PLAIN, "%llu MB", (unsigned long long)(app->waterline_bytes / MM_MIB));
    if (app->crossed_ns)
        mm_table_cell(table, MM_STYLE_PLAIN, "%.1f ms", crossing_to_death_ms(app));
    else
        mm_table_cell(table, MM_STYLE_PLAIN, "-");
    mm_table_cell(table, MM_STYLE_FAINT, "%s",
                  kill ? mm_json_get_text(kill, "reason") : "the daemon has no record");
}

static void print_result(const struct mm_demo_show *show, const struct mm_demo_cast *cast, const cJSON *kills,
                         const char *verdict, bool is_right)
{
    static const struct mm_column columns[] = {
        {"#", true},         {"DIED", false},           {"WAS", false},
        {"WATERLINE", true}, {"CROSSED TO DEAD", true}, {"WHY", false}};
    struct mm_table *table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    enum mm_style style = is_right ? MM_STYLE_GOOD : MM_STYLE_BAD;

    clear_line(show);
    for (unsigned place = 1; place <= cast->deaths; place++) {
        const struct mm_demo_app *app = app_at_place(cast, place);

        if (app)
            add_death_row(table, app, kill_of(kills, app->pid));
    }
    (void)putchar('\n');
    mm_table_print(table, show->ctl);
    mm_table_free(table);
    for (unsigned i = 0; i < cast->count; i++) {
        if (!cast->apps[i].is_dead)
            (void)printf("Alive: %s (%s, %d)\n", cast->apps[i].name, mm_demo_states[cast->apps[i].state].word,
                         mm_demo_states[cast->apps[i].state].priority);
    }
    (void)printf("\n%s%s: %s.%s\n", mm_style_begin(show->ctl, style), is_right ? "Right" : "WRONG", verdict,
                 mm_style_end(show->ctl, style));
}

static cJSON *json_of(const struct mm_demo_app *app, const cJSON *kills)
{
    cJSON *object = cJSON_CreateObject();
    const cJSON *kill = kill_of(kills, app->pid);

    (void)cJSON_AddStringToObject(object, "name", app->name);
    (void)cJSON_AddStringToObject(object, "state", mm_demo_states[app->state].word);
    (void)cJSON_AddNumberToObject(object, "priority", mm_demo_states[app->state].priority);
    (void)cJSON_AddBoolToObject(object, "alive", !app->is_dead);
    if (!app->is_dead)
        return object;
    (void)cJSON_AddNumberToObject(object, "place", app->place);
    (void)cJSON_AddNumberToObject(object, "signal",
                                  WIFSIGNALED(app->wait_status) ? WTERMSIG(app->wait_status) : 0);
    (void)cJSON_AddNumberToObject(object, "waterline_bytes", (double)app->waterline_bytes);
    (void)cJSON_AddNumberToObject(object, "lowest_available_bytes", (double)app->lowest_bytes);
    if (app->crossed_ns)
        (void)cJSON_AddNumberToObject(object, "crossing_to_death_ms", crossing_to_death_ms(app));
    if (kill)
        (void)cJSON_AddStringToObject(object, "reason", mm_json_get_text(kill, "reason"));
    return object;
}

void mm_demo_show_result(struct mm_demo_show *show, const struct mm_demo_cast *cast, const cJSON *kills,
                         const char *verdict, bool is_right)
{
    cJSON *result;
    cJSON *apps;

    if (!show->ctl->is_json) {
        print_result(show, cast, kills, verdict, is_right);
        return;
    }
    result = cJSON_CreateObject();
    (void)cJSON_AddBoolToObject(result, "right", is_right);
    (void)cJSON_AddStringToObject(result, "verdict", verdict);
    (void)cJSON_AddNumberToObject(result, "limit_bytes", (double)show->stage->limit_bytes);
    apps = cJSON_AddArrayToObject(result, "applications");
    for (unsigned i = 0; i < cast->count; i++)
        (void)cJSON_AddItemToArray(apps, json_of(&cast->apps[i], kills));
    mm_print_json(result);
    cJSON_Delete(result);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oomd's rulesets. Sample:
 *
 *     {"rulesets": [{"name": "user session protection",
 *         "detectors": [["user pressure above 60 for 30s",
 *             {"name": "pressure_above",
 *              "args": {"cgroup": "user.slice", "resource": "memory", "threshold": "60", "duration": "30"}}]],
 *         "actions": [{"name": "kill_by_memory_size_or_growth", "args": {"cgroup": "user.slice"}}]}]}
 *
 * There a detector fires an action on named groups; here a trigger wakes the killer, which looks at available memory
 * and at the one list. So what a detector measures becomes a trigger or a kill row, and the rest a note.
 */
#include "service/config_tool/migrate.h"

#include "common/common.h"
#include "config/xml_position.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* oomd looks at the average of 10 s, and that is the longest window of a trigger. */
#define WINDOW_US 10000000
/* What pressureTriggers takes. */
#define TRIGGERS_MAX MM_CONFIG_PRESSURE_TRIGGERS_MAX

struct oomd {
    struct mm_draft *draft;
    const struct mm_config_device *device;
    /* Where we are, made printable. */
    char ruleset[MM_DRAFT_SHOWN_MAX];
    bool kills; /* an action of the ruleset does */
    unsigned trigger_count;
    /* The kill row: the lowest usage of all memory that is complained of. */
    bool has_level;
    struct mm_draft_amount level;
    bool has_order;
};

/* A detector or an action. */
struct plugin {
    const char *name; /* as the file spells it */
    char shown[MM_DRAFT_SHOWN_MAX];
    const cJSON *arguments; /* may be NULL */
};

/* ---- notes and arguments ------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void note(struct oomd *oomd, const char *what,
                                                       const char *format, ...)
{
    char text[MM_PROBLEM_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    mm_draft_note(oomd->draft, 0, "ruleset \"%s\", %s: %s", oomd->ruleset, what, text);
}

/* The argument as a text, numbers too; NULL when it is not there. buffer is of MM_DRAFT_SHOWN_MAX. */
static const char *argument_of(const struct plugin *plugin, const char *name, char *buffer)
{
    const cJSON *argument = cJSON_GetObjectItemCaseSensitive(plugin->arguments, name);

    if (cJSON_IsString(argument))
        return argument->valuestring;
    if (cJSON_IsBool(argument))
        return cJSON_IsTrue(argument) ? "true" : "false";
    if (!cJSON_IsNumber(argument))
        return NULL;
    (void)mm_format(buffer, MM_DRAFT_SHOWN_MAX, "%g", argument->valuedouble);
    return buffer;
}

/* A note on the arguments that are not among those that were used. */
static void note_arguments(struct oomd *oomd, const struct plugin *plugin, const char *const *used)
{
    const cJSON *argument;
    char list[MM_PROBLEM_TEXT_MAX / 2] = "";
    size_t length = 0;

    cJSON_ArrayForEach (argument, plugin->arguments) {
        char name[MM_DRAFT_SHOWN_MAX], value[MM_DRAFT_SHOWN_MAX], buffer[MM_DRAFT_SHOWN_MAX];
        const char *text = argument_of(plugin, argument->string, buffer);
        size_t i = 0;

        while (used[i] && strcmp(used[i], argument->string) != 0)
            i++;
        if (used[i])
            continue;
        length += mm_format(list + length, sizeof(list) - length, "%s%s=%s", length > 0 ? ", " : "",
                            mm_draft_shown(argument->string, name), mm_draft_shown(text ? text : "", value));
    }
    if (length > 0)
        note(oomd, plugin->shown, "%s: no counterpart", list);
}

/* ---- amounts ------------------------------------------------------------------------------------------ */

/*
 * "60", "1.5M 32K 512", "80%": in bytes, or in percent; a bare number is in MB. false for anything else. The fraction
 * is dropped, as nothing here is finer than a megabyte.
 */
static bool parse_amount(const char *text, uint64_t *ret_number, bool *ret_is_percent)
{
    static const char units[] = "KMGT";
    uint64_t total = 0;
    bool is_bare = true, is_first = true;

    *ret_is_percent = strchr(text, '%') != NULL;
    while (*text) {
        char *end;
        double number = strtod(text, &end);
        const char *unit;

        if (end == text || !(number >= 0 && number < 1e15))
            return false;
        if (*ret_is_percent) {
            *ret_number = (uint64_t)number;
            return strcmp(end, "%") == 0 && number <= 100;
        }
        unit = *end && *end != ' ' ? strchr(units, toupper((unsigned char)*end)) : NULL;
        for (const char *step = units; unit && step <= unit; step++)
            number *= 1024;
        if (number >= 1e18)
            return false;
        is_bare = is_bare && !unit && is_first;
        is_first = false;
        total += (uint64_t)number;
        text = end + (unit != NULL);
        if (*text && *text != ' ')
            return false;
        text += strspn(text, " ");
    }
    *ret_number = is_bare ? total * MM_MIB : total;
    return !is_first;
}

/* ---- detectors ---------------------------------------------------------------------------------------- */

static void bad_argument(struct oomd *oomd, const struct plugin *plugin, const char *name,
                         const char *expected)
{
    char buffer[MM_DRAFT_SHOWN_MAX], shown[MM_DRAFT_SHOWN_MAX];
    const char *value = argument_of(plugin, name, buffer);

    mm_draft_error(oomd->draft, 0, "ruleset \"%s\", %s: %s is \"%s\", expected %s", oomd->ruleset,
                   plugin->shown, name, mm_draft_shown(value ? value : "", shown), expected);
}

static void migrate_pressure(struct oomd *oomd, const struct plugin *plugin)
{
    static const char *const used[] = {"resource", "threshold", NULL};
    char buffer[MM_DRAFT_SHOWN_MAX];
    const char *resource = argument_of(plugin, "resource", buffer), *threshold;
    const char *place = "pressureTriggers/pressureTrigger";
    char path[128];
    uint64_t percent;

    if (!resource || strcmp(resource, "memory") != 0) {
        note(oomd, plugin->shown, "no counterpart: only the pressure of memory is looked at");
        return;
    }
    threshold = argument_of(plugin, "threshold", buffer);
    if (mm_parse_u64(threshold, 1, 100, &percent) < 0) {
        bad_argument(oomd, plugin, "threshold", "a whole number from 1 to 100");
        return;
    }
    if (oomd->trigger_count == TRIGGERS_MAX) {
        note(oomd, plugin->shown,
             "left out: there are %d pressureTriggers already, which is all there may be", TRIGGERS_MAX);
        return;
    }
    (void)mm_format(path, sizeof(path), "%s/kind", place);
    mm_draft_add(oomd->draft, path, oomd->trigger_count, "full", "from ruleset \"%s\", %s", oomd->ruleset,
                 plugin->shown);
    (void)mm_format(path, sizeof(path), "%s/stallUs", place);
    mm_draft_add_number(oomd->draft, path, oomd->trigger_count, (int64_t)percent * (WINDOW_US / 100), NULL);
    (void)mm_format(path, sizeof(path), "%s/windowUs", place);
    mm_draft_add_number(oomd->draft, path, oomd->trigger_count, WINDOW_US, NULL);
    oomd->trigger_count++;
    note(oomd, plugin->shown,
         "it wakes the killer, which kills only where available memory is below a row of "
         "killConfig");
    note_arguments(oomd, plugin, used);
}

static bool is_of_all(const struct plugin *plugin)
{
    char buffer[MM_DRAFT_SHOWN_MAX];
    const char *group = argument_of(plugin, "cgroup", buffer);

    return group && strcmp(group, "/") == 0;
}

/* Of all complaints about memory that is used, the first to come is the kill row. */
static void take_level(struct oomd *oomd, const struct plugin *plugin, struct mm_draft_amount level)
{
    uint64_t ram_mb = oomd->device->ram_bytes / MM_MIB;
    uint64_t level_mb = level.is_percent ? ram_mb * level.number / 100 : level.number;
    uint64_t present_mb = oomd->level.is_percent ? ram_mb * oomd->level.number / 100 : oomd->level.number;

    if (oomd->has_level)
        note(oomd, plugin->shown,
             "there is another amount of memory that is complained of: killConfig has the one "
             "that comes first");
    if (!oomd->has_level || level_mb > present_mb)
        oomd->level = level;
    oomd->has_level = true;
}

static void migrate_memory_above(struct oomd *oomd, const struct plugin *plugin)
{
    static const char *const used[] = {"cgroup", "threshold", NULL};
    char buffer[MM_DRAFT_SHOWN_MAX];
    const char *threshold = argument_of(plugin, "threshold", buffer);
    uint64_t ram_mb = oomd->device->ram_bytes / MM_MIB, number;
    bool is_percent;

    if (argument_of(plugin, "threshold_anon", buffer)) {
        note(oomd, plugin->shown,
             "no counterpart: kill rows are about available memory, not about anonymous memory");
        return;
    }
    if (!threshold || !parse_amount(threshold, &number, &is_percent)) {
        bad_argument(oomd, plugin, "threshold", "an amount of memory (1.5G, 512M, 80%)");
        return;
    }
    if (!is_of_all(plugin)) {
        note(oomd, plugin->shown,
             "no counterpart: a kill row is about the memory of all; domain/groupPath makes one "
             "group that all");
        note_arguments(oomd, plugin, (const char *const[]){NULL});
        return;
    }
    number = is_percent ? number : MM_MIN(number / MM_MIB, ram_mb);
    number = (is_percent ? 100 : ram_mb) - number;
    take_level(oomd, plugin, (struct mm_draft_amount){MM_MAX(number, 1U), is_percent});
    note(oomd, plugin->shown, "memory in use above %s became available memory below %" PRIu64 "%s", threshold,
         MM_MAX(number, 1U), is_percent ? " %" : " MB");
    note_arguments(oomd, plugin, used);
}

/* ---- actions ------------------------------------------------------------------------------------------ */

static void migrate_kill_by_size(struct oomd *oomd, const struct plugin *plugin)
{
    static const char *const used[] = {NULL};

    if (!oomd->has_order)
        mm_draft_add(oomd->draft, "killPolicy/order", 0, "heaviest", "from ruleset \"%s\", %s", oomd->ruleset,
                     plugin->shown);
    oomd->has_order = true;
    note_arguments(oomd, plugin, used);
}

static void migrate_kill_otherwise(struct oomd *oomd, const struct plugin *plugin)
{
    note(oomd, plugin->shown,
         "no counterpart: victims are chosen by their place on the list, then by use or size");
    note_arguments(oomd, plugin, (const char *const[]){NULL});
}

static void migrate_senpai(struct oomd *oomd, const struct plugin *plugin)
{
    mm_draft_add(oomd->draft, "squeezeConfig/enabled", 0, "true", "from ruleset \"%s\", %s", oomd->ruleset,
                 plugin->shown);
    note(oomd, plugin->shown,
         "squeezing goes by available memory and priority, not by the pressure of each group");
    note_arguments(oomd, plugin, (const char *const[]){NULL});
}

static const char only_of_kills[] = "no counterpart: the actions of the ruleset kill nobody";

static const struct {
    const char *name;
    void (*migrate)(struct oomd *oomd, const struct plugin *plugin); /* NULL: a note */
    const char
        *none; /* the note; of what is migrated: when its ruleset does not kill; NULL: it is all the same */
} plugins[] = {
    {"pressure_above", migrate_pressure, only_of_kills},
    {"pressure_rising_beyond", migrate_pressure, only_of_kills},
    {"memory_above", migrate_memory_above, only_of_kills},
    {"memory_reclaim", NULL, "no counterpart: a stall already means that memory is being reclaimed"},
    {"swap_free", NULL,
     "no counterpart: free swap is no reason to kill; squeezing stops at availBufferConfig/swapReserve"},
    {"exists", NULL, "no counterpart: rules do not depend on which groups there are"},
    {"nr_dying_descendants", NULL, "no counterpart: dying groups are not counted"},
    {"dump_cgroup_overview", NULL,
     "no counterpart: \"memmgrctl status\" and \"memmgrctl list\" show what there is"},
    {"continue", NULL, "no counterpart: it does nothing"},
    {"stop", NULL, "no counterpart: it does nothing"},
    {"kill_by_memory_size_or_growth", migrate_kill_by_size, NULL},
    {"kill_by_swap_usage", migrate_kill_otherwise, NULL},
    {"kill_by_pressure", migrate_kill_otherwise, NULL},
    {"kill_by_pg_scan", migrate_kill_otherwise, NULL},
    {"kill_by_io_cost", migrate_kill_otherwise, NULL},
    {"senpai", migrate_senpai, NULL},
    {"systemd_restart", NULL, "no counterpart: services are not restarted"},
    {"kernel_panic", NULL, "no counterpart: memmgr never ends the machine"},
};

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void migrate_plugin(struct oomd *oomd, const char *kind, const cJSON *json)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "name");
    const cJSON *arguments = cJSON_GetObjectItemCaseSensitive(json, "args");
    struct plugin plugin = {.arguments = cJSON_IsObject(arguments) ? arguments : NULL};
    char shown[MM_DRAFT_SHOWN_MAX / 2];
    size_t i = 0;

    if (!cJSON_IsString(name)) {
        mm_draft_error(oomd->draft, 0,
                       "ruleset \"%s\": %s without a name, expected {\"name\": ..., \"args\": ...}",
                       oomd->ruleset, kind);
        return;
    }
    plugin.name = name->valuestring;
    (void)mm_printable(plugin.name, strlen(plugin.name), shown, sizeof(shown));
    (void)mm_format(plugin.shown, sizeof(plugin.shown), "%s %s", kind, shown);
    while (i < MM_ARRAY_SIZE(plugins) && strcmp(plugins[i].name, plugin.name) != 0)
        i++;
    if (i < MM_ARRAY_SIZE(plugins) && plugins[i].migrate && (oomd->kills || !plugins[i].none)) {
        plugins[i].migrate(oomd, &plugin);
        return;
    }
    note(oomd, plugin.shown, "%s",
         i < MM_ARRAY_SIZE(plugins) ? plugins[i].none : "no counterpart: not known");
}

static void migrate_detectors(struct oomd *oomd, const cJSON *groups)
{
    const cJSON *group;

    cJSON_ArrayForEach (group, groups) {
        const cJSON *detector;
        unsigned count = 0;

        cJSON_ArrayForEach (detector, group) {
            if (cJSON_IsString(detector))
                continue; /* the group's name */
            migrate_plugin(oomd, "detector", detector);
            count++;
        }
        if (count > 1 && oomd->kills)
            note(
                oomd, "detectors",
                "%u of them must hold together there; here each wakes the killer, which then asks killConfig",
                count);
    }
}

static bool kills(const cJSON *actions)
{
    const cJSON *action;

    cJSON_ArrayForEach (action, actions) {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(action, "name");

        if (cJSON_IsString(name) && strncmp(name->valuestring, "kill_by_", strlen("kill_by_")) == 0)
            return true;
    }
    return false;
}

static void migrate_ruleset(struct oomd *oomd, const cJSON *ruleset)
{
    static const char *const known[] = {"name", "detectors", "actions"};
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(ruleset, "name"), *member, *action;

    (void)mm_draft_shown(cJSON_IsString(name) ? name->valuestring : "", oomd->ruleset);
    cJSON_ArrayForEach (member, ruleset) {
        char shown[MM_DRAFT_SHOWN_MAX];
        size_t i = 0;

        while (i < MM_ARRAY_SIZE(known) && strcmp(known[i], member->string ? member->string : "") != 0)
            i++;
        if (i == MM_ARRAY_SIZE(known))
            note(oomd, mm_draft_shown(member->string ? member->string : "", shown), "no counterpart");
    }
    oomd->kills = kills(cJSON_GetObjectItemCaseSensitive(ruleset, "actions"));
    migrate_detectors(oomd, cJSON_GetObjectItemCaseSensitive(ruleset, "detectors"));
    cJSON_ArrayForEach (action, cJSON_GetObjectItemCaseSensitive(ruleset, "actions"))
        migrate_plugin(oomd, "action", action);
}

/* Comments become blanks, so that places stay what they are. */
static void blank_comments(char *text)
{
    while (*text) {
        size_t length = 0;

        if (*text == '"') {
            for (text++; *text && *text != '"'; text++)
                text += *text == '\\' && text[1];
            text += *text != '\0';
            continue;
        }
        if (strncmp(text, "//", 2) == 0) {
            length = strcspn(text, "\n");
        } else if (strncmp(text, "/*", 2) == 0) {
            const char *end = strstr(text + 2, "*/");

            length = end ? (size_t)(end - text) + 2 : strlen(text);
        }
        for (size_t i = 0; i < length; i++) {
            if (text[i] != '\n')
                text[i] = ' ';
        }
        text += length > 0 ? length : 1;
    }
}

static cJSON *parse(struct mm_draft *draft, const char *text)
{
    char *copy = strdup(text);
    const char *end = NULL;
    cJSON *json = NULL;

    if (!copy) {
        draft->has_no_memory = true;
        return NULL;
    }
    blank_comments(copy);
    json = cJSON_ParseWithOpts(copy, &end, 1);
    if (!json || !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "rulesets"))) {
        struct mm_xml_position position;

        mm_xml_position_init(&position, copy, strlen(copy));
        mm_xml_position_move(&position, json || !end ? 0 : (size_t)(end - copy));
        mm_problems_add(&draft->notes, MM_PROBLEM_ERROR, draft->source, position.line, position.column,
                        json ? "no list of \"rulesets\" in it: not a configuration of oomd"
                             : "no valid JSON from here");
        cJSON_Delete(json);
        json = NULL;
    }
    free(copy);
    return json;
}

static void finish(struct oomd *oomd)
{
    mm_draft_add(oomd->draft, "unregisteredProcesses/policy", 0, "any",
                 "oomd kills whoever is in a group; nobody registers them");
    if (oomd->has_level) {
        mm_draft_add_kill_level(oomd->draft, 0, oomd->level, 0, "from memory_above of the whole machine");
        mm_draft_fit_buffers(oomd->draft, oomd->level, oomd->device->ram_bytes);
    } else {
        mm_draft_note(oomd->draft, 0,
                      "no rule says how much memory is too little: the built-in killConfig stays, look "
                      "at it");
    }
    mm_draft_note(
        oomd->draft, 0,
        "groups: oomd kills all of a group, memmgr one application or process at a time, by its priority");
}

void mm_migrate_oomd(const char *text, const struct mm_config_device *device, struct mm_draft *draft)
{
    struct oomd oomd = {.draft = draft, .device = device};
    cJSON *json = parse(draft, text);
    const cJSON *member, *ruleset;

    if (!json)
        return;
    cJSON_ArrayForEach (member, json) {
        char shown[MM_DRAFT_SHOWN_MAX];

        if (strcmp(member->string ? member->string : "", "rulesets") != 0)
            mm_draft_note(draft, 0, "%s: no counterpart",
                          mm_draft_shown(member->string ? member->string : "", shown));
    }
    cJSON_ArrayForEach (ruleset, cJSON_GetObjectItemCaseSensitive(json, "rulesets"))
        migrate_ruleset(&oomd, ruleset);
    finish(&oomd);
    cJSON_Delete(json);
}

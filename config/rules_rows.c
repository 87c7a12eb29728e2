/* SPDX-License-Identifier: Apache-2.0 */
/* The rules about rows and lists: what each must have, and what they are to each other. */
#include "config/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what each row must have ------------------------------------------------------------------------- */

static bool row_has(const struct mm_build *build, size_t row, unsigned child)
{
    const struct mm_config_items *items = build->items;

    /* A row's values stand right behind it. */
    for (size_t i = row + 1; i < items->count && items->items[i].instance == items->items[row].instance;
         i++) {
        unsigned index = mm_vocabulary_resolve(items->items[i].element);

        if (index == child)
            return true;
        if (mm_vocabulary_parent(index) != mm_vocabulary_parent(child))
            return false;
    }
    return false;
}

void mm_rules_check_required(struct mm_build *build)
{
    for (size_t i = 0; i < build->items->count; i++) {
        const struct mm_config_item *item = &build->items->items[i];

        if (item->is_refused || mm_vocabulary_at(item->element)->type != MM_TYPE_ROW)
            continue;
        for (unsigned child = mm_vocabulary_first_child(item->element); child != MM_ELEMENT_NONE;
             child = mm_vocabulary_next_sibling(child)) {
            if (!(mm_vocabulary_at(child)->flags & MM_ELEMENT_REQUIRED) || row_has(build, i, child))
                continue;
            build->is_bad[child] = true;
            mm_build_report(build, MM_PROBLEM_ERROR, item, "%s has no %s, expected one in each %s",
                            mm_vocabulary_name(item->element), mm_vocabulary_name(child),
                            mm_vocabulary_name(item->element));
        }
    }
}

/* ---- the kill table ---------------------------------------------------------------------------------- */

/* The rows by rising memory; within equal memory as in the file. */
static void sort_rows(const struct mm_kill_config *kill, size_t order[static MM_CONFIG_KILL_LEVELS_MAX])
{
    for (size_t i = 0; i < kill->level_count; i++) {
        size_t k = i;

        for (; k > 0 && kill->levels[order[k - 1]].memory_bytes > kill->levels[i].memory_bytes; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static void check_row_pair(struct mm_build *build, size_t less, size_t more)
{
    const struct mm_kill_level *levels = build->config->kill.levels;
    unsigned memory = mm_vocabulary_find("killConfig/killLevel/memoryMB");
    unsigned priority = mm_vocabulary_find("killConfig/killLevel/minPriority");
    uint64_t less_mb = mm_rules_megabytes(levels[less].memory_bytes),
             more_mb = mm_rules_megabytes(levels[more].memory_bytes);

    if (less_mb == more_mb) {
        const struct mm_config_item *first = mm_build_find(build, memory, (unsigned)MM_MIN(less, more));
        const struct mm_config_item *second = mm_build_find(build, memory, (unsigned)MM_MAX(less, more));
        char place[MM_RULES_PLACE_MAX];

        mm_build_report(build, MM_PROBLEM_ERROR, second,
                        "memoryMB %" PRIu64
                        " stands in two rows (first in %s), expected a different one in each",
                        more_mb, mm_rules_place(build, second, first, place));
        return;
    }
    if (levels[less].min_priority < levels[more].min_priority)
        return;
    mm_build_report(build, MM_PROBLEM_ERROR, mm_build_find(build, priority, (unsigned)more),
                    "minPriority %d at %" PRIu64 " MB is not above minPriority %d at %" PRIu64
                    " MB, expected it to rise with memory",
                    levels[more].min_priority, more_mb, levels[less].min_priority, less_mb);
}

static void check_kill_rows(struct mm_build *build)
{
    const struct mm_kill_config *kill = &build->config->kill;
    unsigned section = mm_vocabulary_find("killConfig");
    size_t order[MM_CONFIG_KILL_LEVELS_MAX];

    if (build->is_bad[mm_vocabulary_find("killConfig/killLevel/memoryMB")] ||
        build->is_bad[mm_vocabulary_find("killConfig/killLevel/minPriority")])
        return;
    if (kill->level_count == 0) {
        mm_build_report(build, MM_PROBLEM_ERROR, build->origin[section],
                        "killConfig has no killLevel, expected 1 to %d (killPolicy/enabled false is how "
                        "nobody is killed)",
                        MM_CONFIG_KILL_LEVELS_MAX);
        return;
    }
    sort_rows(kill, order);
    for (size_t i = 1; i < kill->level_count; i++)
        check_row_pair(build, order[i - 1], order[i]);
}

/* ---- ranges of scores -------------------------------------------------------------------------------- */

#define SCORE_MAX 1000

static void sort_ranges(const struct mm_config *config, size_t order[static MM_CONFIG_ZSWAPD_PARAMS_MAX])
{
    for (size_t i = 0; i < config->zswapd_param_count; i++) {
        size_t k = i;

        for (; k > 0 && config->zswapd_params[order[k - 1]].min_score > config->zswapd_params[i].min_score;
             k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

/* Where a range is shown: at its own score, or at its row where that score is left out. */
static const struct mm_config_item *range_item(const struct mm_build *build, size_t row, const char *child)
{
    const struct mm_config_item *item = mm_build_find(build, mm_vocabulary_find(child), (unsigned)row);

    return item ? item : mm_build_find(build, mm_vocabulary_find("reclaimConfig/ZswapdParam"), (unsigned)row);
}

static bool is_range_in_order(struct mm_build *build, size_t row)
{
    const struct mm_zswapd_param *range = &build->config->zswapd_params[row];

    if (range->min_score <= range->max_score)
        return true;
    mm_build_report(build, MM_PROBLEM_ERROR, range_item(build, row, "reclaimConfig/ZswapdParam/minScore"),
                    "minScore %u is above maxScore %u, expected minScore <= maxScore", range->min_score,
                    range->max_score);
    return false;
}

static void report_hole(struct mm_build *build, const struct mm_config_item *item, unsigned first,
                        unsigned last)
{
    mm_build_report(build, MM_PROBLEM_WARNING, item,
                    "no ZswapdParam is for the scores %u to %u: zswapd leaves these groups as they are",
                    first, last);
}

static void check_score_ranges(struct mm_build *build)
{
    const struct mm_config *config = build->config;
    size_t order[MM_CONFIG_ZSWAPD_PARAMS_MAX];
    unsigned next_score = 0;
    bool is_in_order = true;

    if (build->is_bad[mm_vocabulary_find("reclaimConfig/ZswapdParam")] ||
        build->is_bad[mm_vocabulary_find("reclaimConfig/ZswapdParam/minScore")] ||
        build->is_bad[mm_vocabulary_find("reclaimConfig/ZswapdParam/maxScore")])
        return;
    for (size_t i = 0; i < config->zswapd_param_count; i++)
        is_in_order = is_range_in_order(build, i) && is_in_order;
    if (!is_in_order || config->zswapd_param_count == 0)
        return;
    sort_ranges(config, order);
    for (size_t i = 0; i < config->zswapd_param_count; i++) {
        const struct mm_zswapd_param *range = &config->zswapd_params[order[i]];
        const struct mm_config_item *item = range_item(build, order[i], "reclaimConfig/ZswapdParam/minScore");

        if (range->min_score > next_score) {
            report_hole(build, item, next_score, range->min_score - 1);
        } else if (range->min_score < next_score) {
            const struct mm_zswapd_param *before = &config->zswapd_params[order[i - 1]];

            mm_build_report(
                build, MM_PROBLEM_ERROR, item,
                "the scores %u to %u of this ZswapdParam overlap those of another, %u to %u, expected "
                "each score in one",
                range->min_score, range->max_score, before->min_score, before->max_score);
        }
        next_score = MM_MAX(next_score, range->max_score + 1);
    }
    if (next_score <= SCORE_MAX)
        report_hole(
            build,
            range_item(build, order[config->zswapd_param_count - 1], "reclaimConfig/ZswapdParam/maxScore"),
            next_score, SCORE_MAX);
}

/* ---- special names ----------------------------------------------------------------------------------- */

static void check_important_apps(struct mm_build *build)
{
    const struct mm_reclaim_priority_config *config = &build->config->reclaim_priority;
    unsigned name = mm_vocabulary_find("reclaimPriorityConfig/importantBgApps/importantBgApp/procName");
    char shown[MM_SHOWN_MAX];

    if (build->is_bad[name])
        return;
    for (size_t i = 1; i < config->important_app_count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct mm_config_item *first, *second;
            char place[MM_RULES_PLACE_MAX];

            if (strcmp(config->important_apps[i].process_name, config->important_apps[k].process_name) != 0)
                continue;
            first = mm_build_find(build, name, (unsigned)k);
            second = mm_build_find(build, name, (unsigned)i);
            mm_build_report(build, MM_PROBLEM_ERROR, second,
                            "procName \"%s\" stands in two rows (first in %s), expected it in one",
                            mm_shown(config->important_apps[i].process_name, shown),
                            mm_rules_place(build, second, first, place));
            break;
        }
    }
}

/* Where killalbeSystemApps keeps a name. */
#define RESIDENT_PRIORITY (-800)

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct name_set {
    char **names; /* sorted; lent */
    size_t count;
};

static struct name_set make_set(char *const *names, size_t count)
{
    struct name_set set = {.names = reallocarray(NULL, MM_MAX(count, 1), sizeof(*names)), .count = count};

    /* Without memory there is no warning; whoever builds will find out soon enough. */
    if (!set.names)
        return (struct name_set){0};
    if (count > 0)
        memcpy(set.names, names, count * sizeof(*names));
    qsort(set.names, count, sizeof(*set.names), by_name);
    return set;
}

static bool has_name(const struct name_set *set, char *name)
{
    return set->count > 0 && bsearch(&name, set->names, set->count, sizeof(*set->names), by_name);
}

/* An entry of a list by what it says: empty ones have no place in the list. */
static const struct mm_config_item *find_entry(const struct mm_build *build, unsigned element,
                                               const char *name)
{
    for (size_t i = 0; i < build->items->count; i++) {
        const struct mm_config_item *item = &build->items->items[i];
        struct mm_value value;

        if (mm_vocabulary_resolve(item->element) != element || !item->text ||
            mm_value_parse(mm_vocabulary_at(element), item->text, &value) < 0)
            continue;
        if (strlen(name) == value.length && strncmp(value.text, name, value.length) == 0)
            return item;
    }
    return NULL;
}

/* A name that decides nothing, as one of a higher rank decides it. */
static void report_shadowed(struct mm_build *build, const char *path, const char *name, const char *by)
{
    unsigned element = mm_vocabulary_find(path);
    char shown[MM_SHOWN_MAX];

    mm_build_report(build, MM_PROBLEM_WARNING, find_entry(build, element, name),
                    "%s \"%s\" has no effect: %s", mm_vocabulary_name(element), mm_shown(name, shown), by);
}

static void check_shadowed_names(struct mm_build *build)
{
    static const char killable[] = "reclaimPriorityConfig/killalbeSystemApps/killableSysApp";
    static const char important[] = "reclaimPriorityConfig/importantBgApps/importantBgApp/procName";
    const struct mm_reclaim_priority_config *config = &build->config->reclaim_priority;
    struct name_set system = make_set(config->system_apps, config->system_app_count);
    struct name_set residents = make_set(config->killable_system_apps, config->killable_system_app_count);

    for (size_t i = 0; i < config->killable_system_app_count; i++) {
        if (has_name(&system, config->killable_system_apps[i]))
            report_shadowed(build, killable, config->killable_system_apps[i],
                            "systemApps keeps that name at -1000");
    }
    for (size_t i = 0; i < config->important_app_count; i++) {
        char *name = config->important_apps[i].process_name;

        if (build->is_bad[mm_vocabulary_find(important)] || !name)
            break;
        if (has_name(&system, name))
            report_shadowed(build, important, name, "systemApps keeps that name at -1000");
        else if (config->important_apps[i].min_priority >= RESIDENT_PRIORITY && has_name(&residents, name))
            report_shadowed(build, important, name, "killalbeSystemApps keeps that name at -800");
    }
    free(system.names);
    free(residents.names);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void check_pressure_triggers(struct mm_build *build)
{
    unsigned stall = mm_vocabulary_find("pressureTriggers/pressureTrigger/stallUs");

    if (build->is_bad[stall] ||
        build->is_bad[mm_vocabulary_find("pressureTriggers/pressureTrigger/windowUs")])
        return;
    for (size_t i = 0; i < build->config->pressure_trigger_count; i++) {
        const struct mm_pressure_trigger_config *trigger = &build->config->pressure_triggers[i];

        if (trigger->stall_us <= trigger->window_us)
            continue;
        mm_build_report(build, MM_PROBLEM_ERROR, mm_build_find(build, stall, (unsigned)i),
                        "stallUs %" PRIu64 " is above windowUs %" PRIu64 ", expected stallUs <= windowUs",
                        trigger->stall_us, trigger->window_us);
    }
}

void mm_rules_check_rows(struct mm_build *build)
{
    check_kill_rows(build);
    check_score_ranges(build);
    check_important_apps(build);
    check_shadowed_names(build);
    check_pressure_triggers(build);
}

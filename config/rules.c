/* SPDX-License-Identifier: Apache-2.0 */
/* The rules across fields. A rule about a value that was refused for itself stays silent. */
#include "common/common.h"
#include "config/build.h"
#include "config/problems.h"

#include <inttypes.h>
#include <string.h>

/* The element's number in the configuration, in the unit of its text. */
static int64_t number_of(const struct mm_build *build, unsigned index)
{
    const struct mm_element *element = mm_vocabulary_at(index);

    return mm_field_number(&element->target, build->config) / mm_value_scale(element->type);
}

static uint64_t megabytes(uint64_t bytes)
{
    return bytes / MM_MIB;
}

static const char *built_in_mark(const struct mm_build *build, unsigned index)
{
    return build->origin[index] ? "" : " (built-in)";
}

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

static void check_required(struct mm_build *build)
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

/* ---- one value not above another --------------------------------------------------------------------- */

static void check_orders(struct mm_build *build)
{
    static const struct {
        const char *lower, *upper;
    } orders[] = {
        {"availBufferConfig/minAvailBuffer", "availBufferConfig/availBuffer"},
        {"availBufferConfig/availBuffer", "availBufferConfig/highAvailBuffer"},
        {"systemMemoryLevelConfig/critical", "systemMemoryLevelConfig/low"},
        {"systemMemoryLevelConfig/low", "systemMemoryLevelConfig/moderate"},
        {"systemMemoryLevelConfig/moderate", "systemMemoryLevelConfig/purgeable"},
        {"waterlineWatch/minIntervalMs", "waterlineWatch/maxIntervalMs"},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(orders); i++) {
        unsigned lower = mm_vocabulary_find(orders[i].lower), upper = mm_vocabulary_find(orders[i].upper);
        const struct mm_config_item *item =
            build->origin[lower] ? build->origin[lower] : build->origin[upper];

        if (build->is_bad[lower] || build->is_bad[upper])
            continue;
        if (number_of(build, lower) <= number_of(build, upper))
            continue;
        mm_build_report(build, MM_PROBLEM_ERROR, item,
                        "%s %" PRId64 "%s is above %s %" PRId64 "%s, expected %s <= %s",
                        mm_vocabulary_name(lower), number_of(build, lower), built_in_mark(build, lower),
                        mm_vocabulary_name(upper), number_of(build, upper), built_in_mark(build, upper),
                        mm_vocabulary_name(lower), mm_vocabulary_name(upper));
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
    uint64_t less_mb = megabytes(levels[less].memory_bytes), more_mb = megabytes(levels[more].memory_bytes);

    if (less_mb == more_mb) {
        const struct mm_config_item *first = mm_build_find(build, memory, (unsigned)MM_MIN(less, more));

        mm_build_report(build, MM_PROBLEM_ERROR, mm_build_find(build, memory, (unsigned)MM_MAX(less, more)),
                        "memoryMB %" PRIu64
                        " stands in two rows (first in line %u), expected a different one in each",
                        more_mb, first ? first->line : 0);
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

static void check_squeeze_before_kill(struct mm_build *build)
{
    const struct mm_kill_config *kill = &build->config->kill;
    unsigned row = mm_vocabulary_find("killConfig/killLevel"),
             memory = mm_vocabulary_find("killConfig/killLevel/memoryMB");
    unsigned min_avail = mm_vocabulary_find("availBufferConfig/minAvailBuffer");
    const struct mm_config_item *item =
        build->origin[min_avail] ? build->origin[min_avail] : build->origin[row];
    uint64_t highest = 0;

    if (build->is_bad[memory] || build->is_bad[min_avail])
        return;
    if (!kill->is_enabled || !build->config->squeeze.is_enabled)
        return;
    for (size_t i = 0; i < kill->level_count; i++)
        highest = MM_MAX(highest, kill->levels[i].memory_bytes);
    if (build->config->avail_buffer.min_avail_bytes > highest)
        return;
    mm_build_report(build, MM_PROBLEM_WARNING, item,
                    "minAvailBuffer %" PRId64 "%s is not above the highest memoryMB %" PRIu64
                    "%s: killing begins before squeezing",
                    number_of(build, min_avail), built_in_mark(build, min_avail), megabytes(highest),
                    built_in_mark(build, row));
}

/* ---- against the device ------------------------------------------------------------------------------ */

static void warn_above_ram(struct mm_build *build, unsigned index, const struct mm_config_item *item,
                           uint64_t bytes)
{
    if (bytes <= build->device->ram_bytes)
        return;
    mm_build_report(build, MM_PROBLEM_WARNING, item,
                    "%s %" PRIu64 "%s is above this device's RAM of %" PRIu64 " MB",
                    mm_vocabulary_name(index), megabytes(bytes), item ? "" : " (built-in)",
                    megabytes(build->device->ram_bytes));
}

static void check_ram(struct mm_build *build)
{
    static const char *const paths[] = {
        "availBufferConfig/availBuffer",     "availBufferConfig/minAvailBuffer",
        "availBufferConfig/highAvailBuffer", "availBufferConfig/swapReserve",
        "systemMemoryLevelConfig/purgeable", "systemMemoryLevelConfig/moderate",
        "systemMemoryLevelConfig/low",       "systemMemoryLevelConfig/critical",
    };
    const struct mm_kill_config *kill = &build->config->kill;
    unsigned memory = mm_vocabulary_find("killConfig/killLevel/memoryMB");

    if (build->device->ram_bytes == 0)
        return;
    for (size_t i = 0; i < MM_ARRAY_SIZE(paths); i++) {
        unsigned index = mm_vocabulary_find(paths[i]);

        warn_above_ram(build, index, build->origin[index],
                       (uint64_t)mm_field_number(&mm_vocabulary_at(index)->target, build->config));
    }
    for (size_t i = 0; i < kill->level_count; i++)
        warn_above_ram(build, memory, mm_build_find(build, memory, (unsigned)i),
                       kill->levels[i].memory_bytes);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void check_important_apps(struct mm_build *build)
{
    const struct mm_reclaim_priority_config *config = &build->config->reclaim_priority;
    unsigned name = mm_vocabulary_find("reclaimPriorityConfig/importantBgApps/importantBgApp/procName");
    char shown[MM_SHOWN_MAX];

    if (build->is_bad[name])
        return;
    for (size_t i = 1; i < config->important_app_count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct mm_config_item *first;

            if (strcmp(config->important_apps[i].process_name, config->important_apps[k].process_name) != 0)
                continue;
            first = mm_build_find(build, name, (unsigned)k);
            mm_build_report(build, MM_PROBLEM_ERROR, mm_build_find(build, name, (unsigned)i),
                            "procName \"%s\" stands in two rows (first in line %u), expected it in one",
                            mm_shown(config->important_apps[i].process_name, shown), first ? first->line : 0);
            break;
        }
    }
}

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

static void check_ring(struct mm_build *build)
{
    unsigned ring = mm_vocabulary_find("bpf/ringKB");
    uint64_t bytes = build->config->bpf.ring_bytes;

    if (build->is_bad[ring] || (bytes & (bytes - 1)) == 0)
        return;
    mm_build_report(build, MM_PROBLEM_ERROR, build->origin[ring],
                    "ringKB is \"%" PRId64 "\", expected a power of two", number_of(build, ring));
}

static void check_wake_up(struct mm_build *build)
{
    const struct mm_config *config = build->config;
    unsigned watch = mm_vocabulary_find("waterlineWatch/enabled");

    if (build->is_bad[watch] || !config->kill.is_enabled)
        return;
    if (config->waterline_watch.is_enabled || config->pressure_trigger_count > 0)
        return;
    mm_build_report(build, MM_PROBLEM_WARNING, build->origin[watch],
                    "neither a waterlineWatch nor a pressureTrigger: nothing will ever wake the killer");
}

/* Lists of names count as long as they are empty: nothing is built in. */
static bool is_as_built_in(const struct mm_target *target, const struct mm_config *config,
                           const struct mm_config *built_in)
{
    size_t count;

    if (target->storage == MM_STORE_NONE)
        return true;
    if (target->list == MM_LIST_NONE)
        return mm_field_number(target, config) == mm_field_number(target, built_in);
    count = mm_list_field_count(target, config);
    if (count != mm_list_field_count(target, built_in))
        return false;
    return count == 0 || memcmp(mm_list_field_read(target, config, 0),
                                mm_list_field_read(target, built_in, 0), count * target->size) == 0;
}

/* What stands in a section is behind it in the table, and so is what stands in that. */
static bool section_is_as_built_in(unsigned section, const struct mm_config *config,
                                   const struct mm_config *built_in)
{
    const char *path = mm_vocabulary_at(section)->path;
    size_t length = strlen(path);

    for (unsigned i = section + 1; i < mm_vocabulary_count(); i++) {
        const struct mm_element *element = mm_vocabulary_at(i);
        unsigned parent = mm_vocabulary_parent(i);

        if (strncmp(element->path, path, length) != 0 || element->path[length] != '/')
            break;
        if (mm_vocabulary_at(parent)->type != MM_TYPE_ROW &&
            !is_as_built_in(&element->target, config, built_in))
            return false;
    }
    return true;
}

/* For who sets something there and waits for an effect. */
static void note_unused(struct mm_build *build)
{
    char names[256] = "";
    size_t length = 0;
    const struct mm_config_item *first = NULL;
    struct mm_config *built_in = build->items->count > 0 ? mm_config_new() : NULL;

    for (unsigned i = 0; built_in && i < mm_vocabulary_count(); i++) {
        const struct mm_config_item *item = build->origin[i];

        if (!(mm_vocabulary_at(i)->flags & MM_ELEMENT_UNUSED) || !item ||
            section_is_as_built_in(i, build->config, built_in))
            continue;
        length += mm_format(names + length, sizeof(names) - length, "%s%s", length > 0 ? ", " : "",
                            mm_vocabulary_name(item->element));
        if (!first || item->line < first->line)
            first = item;
    }
    mm_config_free(built_in);
    if (first)
        mm_build_report(build, MM_PROBLEM_NOTE, first, "%s: accepted, not used yet", names);
}

void mm_rules_check(struct mm_build *build)
{
    static void (*const rules[])(struct mm_build *) = {
        check_required, check_orders,         check_kill_rows,         check_squeeze_before_kill,
        check_ram,      check_important_apps, check_pressure_triggers, check_ring,
        check_wake_up,  note_unused,
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(rules); i++)
        rules[i](build);
}

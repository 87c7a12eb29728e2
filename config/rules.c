/* SPDX-License-Identifier: Apache-2.0 */
/* The rules across fields. A rule about a value that was refused for itself stays silent. */
#include "config/rules.h"

#include "common/common.h"

#include <inttypes.h>
#include <string.h>

int64_t mm_rules_number(const struct mm_build *build, unsigned index)
{
    const struct mm_element *element = mm_vocabulary_at(index);

    return mm_field_number(&element->target, build->config) / mm_value_scale(element->type);
}

const char *mm_rules_built_in_mark(const struct mm_build *build, unsigned index)
{
    return build->origin[index] ? "" : " (built-in)";
}

const char *mm_rules_place(const struct mm_build *build, const struct mm_config_item *item,
                           const struct mm_config_item *other, char buffer[static MM_RULES_PLACE_MAX])
{
    const struct mm_config_items *items = build->items;

    buffer[0] = '\0';
    if (!other)
        return buffer;
    if (!item || item->file == other->file || other->file >= items->file_count)
        (void)mm_format(buffer, MM_RULES_PLACE_MAX, "line %u", other->line);
    else
        (void)mm_format(buffer, MM_RULES_PLACE_MAX, "%s:%u", items->files[other->file], other->line);
    return buffer;
}

/* ---- one value not above another --------------------------------------------------------------------- */

static void check_orders(struct mm_build *build)
{
    static const struct {
        const char *lower, *upper;
        bool zero_is_none; /* 0 is no bound */
    } orders[] = {
        {"availBufferConfig/minAvailBuffer", "availBufferConfig/availBuffer", false},
        {"availBufferConfig/availBuffer", "availBufferConfig/highAvailBuffer", false},
        {"systemMemoryLevelConfig/critical", "systemMemoryLevelConfig/low", false},
        {"systemMemoryLevelConfig/low", "systemMemoryLevelConfig/moderate", false},
        {"systemMemoryLevelConfig/moderate", "systemMemoryLevelConfig/purgeable", false},
        {"waterlineWatch/minIntervalMs", "waterlineWatch/maxIntervalMs", false},
        {"nandLifeConfig/dailySwapOutQuotaMB", "nandLifeConfig/totalSwapOutQuotaMB", true},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(orders); i++) {
        unsigned lower = mm_vocabulary_find(orders[i].lower), upper = mm_vocabulary_find(orders[i].upper);
        const struct mm_config_item *item =
            build->origin[lower] ? build->origin[lower] : build->origin[upper];
        int64_t low = mm_rules_number(build, lower), high = mm_rules_number(build, upper);

        if (build->is_bad[lower] || build->is_bad[upper])
            continue;
        if (low <= high || (orders[i].zero_is_none && high == 0))
            continue;
        mm_build_report(
            build, MM_PROBLEM_ERROR, item, "%s %" PRId64 "%s is above %s %" PRId64 "%s, expected %s <= %s",
            mm_vocabulary_name(lower), low, mm_rules_built_in_mark(build, lower), mm_vocabulary_name(upper),
            high, mm_rules_built_in_mark(build, upper), mm_vocabulary_name(lower), mm_vocabulary_name(upper));
    }
}

/* ---- killing and squeezing --------------------------------------------------------------------------- */

static void check_squeeze_before_kill(struct mm_build *build)
{
    const struct mm_kill_config *kill = &build->config->kill;
    unsigned memory = mm_vocabulary_find("killConfig/killLevel/memoryMB");
    unsigned min_avail = mm_vocabulary_find("availBufferConfig/minAvailBuffer");
    const struct mm_config_item *row;
    size_t highest = 0;

    if (build->is_bad[memory] || build->is_bad[min_avail] || kill->level_count == 0)
        return;
    if (!kill->is_enabled || !build->config->squeeze.is_enabled)
        return;
    for (size_t i = 1; i < kill->level_count; i++) {
        if (kill->levels[i].memory_bytes > kill->levels[highest].memory_bytes)
            highest = i;
    }
    if (build->config->avail_buffer.min_avail_bytes > kill->levels[highest].memory_bytes)
        return;
    row = mm_build_find(build, memory, (unsigned)highest);
    mm_build_report(build, MM_PROBLEM_WARNING, build->origin[min_avail] ? build->origin[min_avail] : row,
                    "minAvailBuffer %" PRId64 "%s is not above the highest memoryMB %" PRIu64
                    "%s: killing begins before squeezing",
                    mm_rules_number(build, min_avail), mm_rules_built_in_mark(build, min_avail),
                    mm_rules_megabytes(kill->levels[highest].memory_bytes), row ? "" : " (built-in)");
}

/* ---- against the device ------------------------------------------------------------------------------ */

/* What is built in is nobody's mistake, but it should be known that it does not fit. */
static void check_above_ram(struct mm_build *build, unsigned index, const struct mm_config_item *item,
                            uint64_t bytes)
{
    if (bytes <= build->device->ram_bytes || build->is_bad[index])
        return;
    mm_build_report(build, item ? MM_PROBLEM_ERROR : MM_PROBLEM_WARNING, item,
                    "%s %" PRIu64 "%s is above this device's RAM of %" PRIu64 " MB%s",
                    mm_vocabulary_name(index), mm_rules_megabytes(bytes), item ? "" : " (built-in)",
                    mm_rules_megabytes(build->device->ram_bytes), item ? ", expected at most that" : "");
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

        check_above_ram(build, index, build->origin[index],
                        (uint64_t)mm_field_number(&mm_vocabulary_at(index)->target, build->config));
    }
    for (size_t i = 0; i < kill->level_count; i++)
        check_above_ram(build, memory, mm_build_find(build, memory, (unsigned)i),
                        kill->levels[i].memory_bytes);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void check_ring(struct mm_build *build)
{
    unsigned ring = mm_vocabulary_find("bpf/ringKB");
    uint64_t bytes = build->config->bpf.ring_bytes;

    if (build->is_bad[ring] || (bytes & (bytes - 1)) == 0)
        return;
    mm_build_report(build, MM_PROBLEM_ERROR, build->origin[ring],
                    "ringKB is \"%" PRId64 "\", expected a power of two", mm_rules_number(build, ring));
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
        mm_rules_check_required,
        check_orders,
        mm_rules_check_rows,
        mm_rules_check_processes,
        check_squeeze_before_kill,
        check_ram,
        check_ring,
        check_wake_up,
        note_unused,
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(rules); i++)
        rules[i](build);
}

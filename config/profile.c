/* SPDX-License-Identifier: Apache-2.0 */
#include "config/profile.h"

#include "common/common.h"
#include "config/problems.h"
#include "config/vocabulary.h"

#include <limits.h>
#include <string.h>

/* ---- a profile and a device ----------------------------------------------------------------------------- */

static bool asks_for_ram(const struct mm_config_profile *profile)
{
    return profile->min_ram_mb > 0 || profile->max_ram_mb < UINT64_MAX;
}

static bool asks_for_screen(const struct mm_config_profile *profile)
{
    return profile->min_screen_inches > 0 || profile->max_screen_inches < UINT_MAX;
}

static bool is_within(uint64_t value, uint64_t min, uint64_t max)
{
    return value >= min && value <= max;
}

enum mm_profile_match mm_profile_match(const struct mm_config_profile *profile,
                                       const struct mm_config_device *device, const char **ret_missing)
{
    uint64_t ram_mb = device->ram_bytes / MM_MIB;
    bool has_name = device->device && device->device[0];
    const struct {
        const char *name;
        bool is_asked, is_known, is_met;
    } wishes[] = {
        {"RAM", asks_for_ram(profile), device->ram_bytes > 0,
         is_within(ram_mb, profile->min_ram_mb, profile->max_ram_mb)},
        {"screen", asks_for_screen(profile), device->screen_inches > 0,
         is_within(device->screen_inches, profile->min_screen_inches, profile->max_screen_inches)},
        {"name", profile->device != NULL, has_name,
         has_name && profile->device && strcmp(device->device, profile->device) == 0},
    };
    const char *missing = NULL;

    if (profile->is_refused)
        return MM_PROFILE_NO_MATCH;
    for (size_t i = 0; i < MM_ARRAY_SIZE(wishes); i++) {
        if (!wishes[i].is_asked)
            continue;
        if (!wishes[i].is_known)
            missing = missing ? missing : wishes[i].name;
        else if (!wishes[i].is_met)
            return MM_PROFILE_NO_MATCH;
    }
    if (missing && ret_missing)
        *ret_missing = missing;
    return missing ? MM_PROFILE_UNKNOWN : MM_PROFILE_MATCH;
}

const char *mm_profile_text(const struct mm_config_profile *profile, char *buffer, size_t size)
{
    char shown[MM_SHOWN_MAX];

    if (profile->name)
        (void)mm_format(buffer, size, "%s \"%s\"", MM_PROFILE_NAME, mm_shown(profile->name, shown));
    else
        (void)mm_format(buffer, size, "%s", MM_PROFILE_NAME);
    return buffer;
}

/* ---- the profiles of one file --------------------------------------------------------------------------- */

static bool is_same_device(const struct mm_config_profile *a, const struct mm_config_profile *b)
{
    return a->device && b->device ? strcmp(a->device, b->device) == 0 : a->device == b->device;
}

/* Is there a device that both are for? */
static bool overlap(const struct mm_config_profile *a, const struct mm_config_profile *b)
{
    return (!a->device || !b->device || is_same_device(a, b)) && a->min_ram_mb <= b->max_ram_mb &&
           b->min_ram_mb <= a->max_ram_mb && a->min_screen_inches <= b->max_screen_inches &&
           b->min_screen_inches <= a->max_screen_inches;
}

void mm_profile_problem(const struct mm_config_items *items, struct mm_problems *problems,
                        enum mm_problem_severity severity, const struct mm_config_profile *profile,
                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mm_problems_add_list(problems, severity, items->files[profile->file], profile->line, profile->column,
                         format, arguments);
    va_end(arguments);
}

static void check_overlaps(struct mm_config_items *items, struct mm_problems *problems)
{
    char text[MM_PROFILE_TEXT_MAX], other_text[MM_PROFILE_TEXT_MAX];

    for (size_t i = 1; i < items->profile_count; i++) {
        struct mm_config_profile *profile = &items->profiles[i];

        for (size_t k = 0; k < i && !profile->is_refused; k++) {
            const struct mm_config_profile *other = &items->profiles[k];

            if (other->is_refused || !overlap(profile, other))
                continue;
            profile->is_refused = true;
            mm_profile_problem(items, problems, MM_PROBLEM_ERROR, profile,
                               "%s and %s (line %u) overlap, expected at most one for each device",
                               mm_profile_text(profile, text, sizeof(text)),
                               mm_profile_text(other, other_text, sizeof(other_text)), other->line);
        }
    }
}

/* One of the two ranges of a profile, and the other one. */
struct axis {
    const char *what;
    uint64_t min, max, other_min, other_max;
};

static struct axis ram_axis(const struct mm_config_profile *profile)
{
    return (struct axis){"MB of RAM", profile->min_ram_mb, profile->max_ram_mb, profile->min_screen_inches,
                         profile->max_screen_inches};
}

static struct axis screen_axis(const struct mm_config_profile *profile)
{
    return (struct axis){"inches of screen", profile->min_screen_inches, profile->max_screen_inches,
                         profile->min_ram_mb, profile->max_ram_mb};
}

/* Between the profile and the next one above it, of the same device and the same other range. */
static void check_gap(const struct mm_config_items *items, struct mm_problems *problems,
                      const struct mm_config_profile *profile,
                      struct axis (*axis_of)(const struct mm_config_profile *profile))
{
    const struct mm_config_profile *next = NULL;
    struct axis here = axis_of(profile);

    for (size_t i = 0; i < items->profile_count; i++) {
        const struct mm_config_profile *other = &items->profiles[i];
        struct axis there = axis_of(other);

        if (other->is_refused || !is_same_device(profile, other) || there.other_min != here.other_min ||
            there.other_max != here.other_max || there.min <= here.max)
            continue;
        if (!next || there.min < axis_of(next).min)
            next = other;
    }
    if (!next || axis_of(next).min == here.max + 1)
        return;
    mm_profile_problem(items, problems, MM_PROBLEM_WARNING, next, "there is no %s for %llu to %llu %s",
                       MM_PROFILE_NAME, (unsigned long long)here.max + 1,
                       (unsigned long long)axis_of(next).min - 1, here.what);
}

void mm_profiles_check(struct mm_config_items *items, struct mm_problems *problems)
{
    check_overlaps(items, problems);
    for (size_t i = 0; i < items->profile_count; i++) {
        if (items->profiles[i].is_refused || items->is_cut)
            continue;
        check_gap(items, problems, &items->profiles[i], ram_axis);
        check_gap(items, problems, &items->profiles[i], screen_axis);
    }
}

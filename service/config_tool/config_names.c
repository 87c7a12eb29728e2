/* SPDX-License-Identifier: Apache-2.0 */
/* From names and paths to elements. */
#include "service/config_tool/config_names.h"

#include "common/common.h"
#include "service/shared/command_line.h"

#include <stdio.h>
#include <string.h>

/* Of a name that may stand in many sections, "enabled", there are a few. */
#define LISTED_MAX 32

static bool ends_with(const char *path, const char *name)
{
    size_t length = strlen(path), end = strlen(name);

    return length > end && path[length - end - 1] == '/' && strcmp(path + length - end, name) == 0;
}

size_t mm_config_names_find(const char *name, unsigned *ret_elements, size_t max)
{
    unsigned whole = mm_vocabulary_find(name);
    size_t count = 0;

    if (whole != MM_ELEMENT_NONE) {
        ret_elements[0] = whole;
        return 1;
    }
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        if (!ends_with(mm_vocabulary_at(i)->path, name))
            continue;
        if (count < max)
            ret_elements[count] = i;
        count++;
    }
    return count;
}

unsigned mm_config_names_nearest(const char *name)
{
    /* A third of the letters may be wrong, as in mm_vocabulary_nearest. */
    unsigned limit = MM_MAX(2, (unsigned)MM_MIN(strlen(name), 60) / 3), nearest = MM_ELEMENT_NONE;

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        unsigned distance = MM_MIN(mm_text_distance(name, mm_vocabulary_name(i)),
                                   mm_text_distance(name, mm_vocabulary_at(i)->path));

        if (distance > limit || (distance == limit && nearest != MM_ELEMENT_NONE))
            continue;
        nearest = i;
        limit = distance;
    }
    return nearest;
}

int mm_config_names_resolve(const struct mm_ctl *ctl, const char *name, unsigned *ret_element)
{
    unsigned found[LISTED_MAX], nearest;
    size_t count = mm_config_names_find(name, found, MM_ARRAY_SIZE(found));
    char shown[128];

    (void)mm_printable(name, strlen(name), shown, sizeof(shown));
    if (count == 1) {
        *ret_element = found[0];
        return 0;
    }
    if (count > 1) {
        (void)fprintf(stderr, "%s: \"%s\" is the name of %zu elements:\n", ctl->program->name, shown, count);
        for (size_t i = 0; i < MM_MIN(count, MM_ARRAY_SIZE(found)); i++)
            (void)fprintf(stderr, "  %s\n", mm_vocabulary_at(found[i])->path);
        return ctl->program->wrong_usage;
    }
    nearest = mm_config_names_nearest(name);
    if (nearest == MM_ELEMENT_NONE)
        return mm_ctl_usage(ctl, "there is no element \"%s\"", shown);
    return mm_ctl_usage(ctl, "there is no element \"%s\", is \"%s\" meant?", shown,
                        mm_vocabulary_at(nearest)->path);
}

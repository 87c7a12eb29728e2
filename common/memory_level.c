/* SPDX-License-Identifier: Apache-2.0 */
#include "common/memory_level.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

static const char *const names[MM_LEVEL_COUNT] = {
    [MM_LEVEL_NONE] = "none", [MM_LEVEL_PURGEABLE] = "purgeable", [MM_LEVEL_MODERATE] = "moderate",
    [MM_LEVEL_LOW] = "low",   [MM_LEVEL_CRITICAL] = "critical",
};

const char *mm_memory_level_name(enum mm_memory_level level)
{
    size_t index = (size_t)level;

    return index < MM_ARRAY_SIZE(names) ? names[index] : "unknown";
}

int mm_memory_level_parse(const char *word, enum mm_memory_level *ret_level)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_level = (enum mm_memory_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

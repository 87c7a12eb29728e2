/* SPDX-License-Identifier: Apache-2.0 */
/* How bad memory is, in five words that the configuration, events and clients share. */
#ifndef MM_COMMON_MEMORY_LEVEL_H
#define MM_COMMON_MEMORY_LEVEL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers and names from PURGEABLE on are OpenHarmony's (reference 1.7). */
enum mm_memory_level {
    MM_LEVEL_NONE,
    MM_LEVEL_PURGEABLE,
    MM_LEVEL_MODERATE,
    MM_LEVEL_LOW,
    MM_LEVEL_CRITICAL,
    MM_LEVEL_COUNT
};

/* "none", "purgeable", "moderate", "low", "critical"; "unknown" outside the enumeration. */
const char *mm_memory_level_name(enum mm_memory_level level);
/* -EINVAL for another word; case counts. */
int mm_memory_level_parse(const char *word, enum mm_memory_level *ret_level);

#ifdef __cplusplus
}
#endif

#endif

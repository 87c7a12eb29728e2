/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a row of the vocabulary's table is written. The rows stand in vocabulary_kill.h, vocabulary_reclaim.h,
 * vocabulary_applications.h, vocabulary_rules.h and vocabulary_service.h, one ELEMENT for each element:
 *
 *     ELEMENT("killPolicy/exitTimeoutMs",                                             the path below the root
 *             ROW(MS(10, 60000), FIELD(kill.exit_timeout_ms), .default_text = "500"), struct mm_element
 *             .help = "How long ...", .example = "1000")                              struct mm_element_text
 *
 * Those files are included twice: by vocabulary_table.c for what the daemon needs, by vocabulary_text.c for
 * the texts, which only the programs for people are linked with.
 */
#ifndef MM_CONFIG_VOCABULARY_ROW_H
#define MM_CONFIG_VOCABULARY_ROW_H

#include "common/common.h"
#include "config/vocabulary.h"

#ifndef MM_RUNTIME_DIRECTORY
#define MM_RUNTIME_DIRECTORY "/run/memmgr"
#endif

extern const struct mm_element mm_vocabulary_table[];
extern const size_t mm_vocabulary_table_count;

/* 16 TiB: above any machine this runs on, and far from where bytes in 64 bits would wrap. */
#define MB_MAX 16777216
/* 8 EiB: bytes in 63 bits. A quota counts what is written in a life, not what is there at once. */
#define QUOTA_MB_MAX 8796093022207
/* An hour and a day: longer pauses are mistakes in the unit. */
#define HOUR_MS 3600000
#define DAY_MS  86400000

#define ROW(...) __VA_ARGS__

/* ---- where the value goes ---------------------------------------------------------------------------- */

#define STORAGE_OF(field)                                                                                    \
    _Generic((field),                                                                                        \
        bool: MM_STORE_BOOL,                                                                                 \
        int: MM_STORE_INT,                                                                                   \
        unsigned: MM_STORE_UNSIGNED,                                                                         \
        uint64_t: MM_STORE_U64,                                                                              \
        char *: MM_STORE_STRING)
#define MEMBER(type, member) (((struct type *)0)->member)

#define FIELD_OF(type, member)                                                                               \
    .target = {.storage = STORAGE_OF(MEMBER(type, member)),                                                  \
               .offset = offsetof(struct type, member),                                                      \
               .size = sizeof(MEMBER(type, member))}
#define FIELD(member) FIELD_OF(mm_config, member)
#define TEXT_FIELD(member)                                                                                   \
    .max = sizeof(MEMBER(mm_config, member)) - 1, .target = {.storage = MM_STORE_CHARACTERS,                 \
                                                             .offset = offsetof(struct mm_config, member),   \
                                                             .size = sizeof(MEMBER(mm_config, member))}
#define LIST(store, kind, array, count)                                                                      \
    .target = {.storage = (store),                                                                           \
               .list = (kind),                                                                               \
               .offset = offsetof(struct mm_config, array),                                                  \
               .size = sizeof(MEMBER(mm_config, array)[0]),                                                  \
               .count_offset = offsetof(struct mm_config, count)}

/* ---- what the value is ------------------------------------------------------------------------------- */

#define SECTION                       .type = MM_TYPE_SECTION, .unit = ""
#define ROWS(most)                    .type = MM_TYPE_ROW, .unit = "", .max_count = (most)
#define ALIAS(other)                  .type = MM_TYPE_SECTION, .unit = "", .alias_of = (other)
#define NUMBER(kind, word, low, high) .type = (kind), .unit = (word), .min = (low), .max = (high)
#define COUNT(low, high)              NUMBER(MM_TYPE_UNSIGNED, "", low, high)
#define PRIORITY                      NUMBER(MM_TYPE_SIGNED, "", -1000, 1000)
/* A waterline or a buffer: may be said as a share of RAM. */
#define MEMORY(low)        NUMBER(MM_TYPE_MEMORY, "MB", low, MB_MAX)
#define MB(low, high)      NUMBER(MM_TYPE_SIZE_MB, "MB", low, high)
#define PERCENT(low, high) NUMBER(MM_TYPE_PERCENT, "percent", low, high)
#define MS(low, high)      NUMBER(MM_TYPE_MILLISECONDS, "milliseconds", low, high)
#define US(low, high)      NUMBER(MM_TYPE_MICROSECONDS, "microseconds", low, high)
#define BOOLEAN            .type = MM_TYPE_BOOL, .unit = "", .max = 1
#define WORD(list)         .type = MM_TYPE_WORD, .unit = "", .words = (list)
/* Longer ones are lists that belong into several rules. */
#define PATTERN .type = MM_TYPE_PATTERN, .unit = "", .max = MM_PATTERN_MAX
/* OpenHarmony's longest bundle name. */
#define NAME .type = MM_TYPE_NAME, .unit = "", .max = 127

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two configurations differ in, by meaning: spelling, order and place in the files do not count, nor does
 * whether a value is built-in or given.
 *
 *     killConfig/killLevel[id=2]/memoryMB: 400 -> 350
 *     reclaimPriorityConfig/importantBgApps/importantBgApp[com.example.player]: added (minPriority 200)
 */
#ifndef MM_CONFIG_COMPARE_H
#define MM_CONFIG_COMPARE_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mm_difference_kind {
    MM_DIFFERENCE_CHANGED, /* a value has another one */
    MM_DIFFERENCE_ADDED,   /* a row, or an entry of a list */
    MM_DIFFERENCE_REMOVED,
};

#define MM_DIFFERENCE_PATH_MAX 512
#define MM_DIFFERENCE_TEXT_MAX 1024

/* Texts are printable, and lent for the call. */
struct mm_difference {
    enum mm_difference_kind kind;
    unsigned element; /* index into the vocabulary */
    /* With the row it is in: "killConfig/killLevel[id=2]/memoryMB"; rows are told by id, by key, else by their place
       from 1. */
    const char *path;
    /* As in a file, without units; of a row its values, "memoryMB 350, minPriority 300", of an entry its name. NULL
       where there is none: old_text of what was added, new_text of what was removed. */
    const char *old_text, *new_text;
    /* The places in the lists of the two configurations, for mm_config_origin; 0 where there is none. */
    unsigned old_instance, new_instance;
};

typedef void (*mm_difference_handler)(const struct mm_difference *difference, void *user);

/* Calls handler (NULL: only counts) once for each difference, in the vocabulary's order. Returns how many, or
   -ENOMEM. */
int mm_config_compare(const struct mm_config *old_config, const struct mm_config *new_config,
                      mm_difference_handler handler, void *user);

/* "path: old -> new", "path: added (values)", "path: removed (values)" into buffer, cut to fit; size at least 1.
   Returns buffer. */
const char *mm_difference_text(const struct mm_difference *difference, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one mm_config_build, shared by the builder and the rules across fields. */
#ifndef MM_CONFIG_BUILD_H
#define MM_CONFIG_BUILD_H

#include "config/value.h"
#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_build {
    const struct mm_config_items *items;
    const struct mm_config_device *device;
    struct mm_problems *problems;
    struct mm_config *config;
    /* By resolved element: its item that was used last; NULL when the file does not have it. */
    const struct mm_config_item *origin[MM_VOCABULARY_MAX];
    bool is_bad[MM_VOCABULARY_MAX]; /* an item of it was refused: rules about it would only mislead */
};

/* A finding at an item; item NULL: no place. */
__attribute__((format(printf, 4, 5))) void mm_build_report(struct mm_build *build,
                                                           enum mm_problem_severity severity,
                                                           const struct mm_config_item *item,
                                                           const char *format, ...);
/* The item of a (resolved) element in that instance; NULL. */
const struct mm_config_item *mm_build_find(const struct mm_build *build, unsigned element, unsigned instance);

/* Rules for processes that say no priority get that of their class. */
void mm_rules_complete_processes(struct mm_build *build);

/* All rules; each reports what it finds. */
void mm_rules_check(struct mm_build *build);

#ifdef __cplusplus
}
#endif

#endif

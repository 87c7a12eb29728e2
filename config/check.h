/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with one file by itself, whatever lies over it and whichever device it is for. */
#ifndef MM_CONFIG_CHECK_H
#define MM_CONFIG_CHECK_H

#include "config/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Reports, in what stands outside of profiles and in each profile for itself: values that are of a wrong type or out
 * of range, that stand twice or under two names; too many rows or entries; two rows of one id or key; profiles that
 * overlap or leave gaps. What an error is about is marked as refused, a row with all that is in it.
 */
int mm_config_check_items(struct mm_config_items *items, struct mm_problems *problems);

/* The item's value; false with a problem where it is none. */
bool mm_config_check_value(const struct mm_config_items *items, const struct mm_config_item *item,
                           struct mm_problems *problems, struct mm_value *ret_value);

/* An empty entry of a name list: it counts for nothing, as in OpenHarmony's own file. */
bool mm_config_is_empty_entry(const struct mm_config_item *item);

/* A finding at an item. */
__attribute__((format(printf, 5, 6))) void mm_config_report_item(const struct mm_config_items *items,
                                                                 const struct mm_config_item *item,
                                                                 struct mm_problems *problems,
                                                                 enum mm_problem_severity severity,
                                                                 const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif

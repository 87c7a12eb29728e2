/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions of a file, checked by compiling them. */
#ifndef MM_CONFIG_PATTERN_CHECK_H
#define MM_CONFIG_PATTERN_CHECK_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each that does not compile is an error with PCRE2's words, and refused. -ENOMEM. */
int mm_config_check_patterns(struct mm_config_items *items, struct mm_problems *problems);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The process rules that come with memmgr: what a system and its session stand on, and the programs of users. For
 * memmgr-match. */
#ifndef MM_SERVICE_BUILT_IN_RULES_H
#define MM_SERVICE_BUILT_IN_RULES_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_built_in_rule {
    struct mm_process_rule rule; /* its texts are constants */
    const char *reason;          /* why it is what it is, in a clause */
};

extern const struct mm_built_in_rule mm_built_in_rules[];
extern const size_t mm_built_in_rule_count;

/* What follows with userPrograms: none of them protects, and each asks for a user and an oom_score_adj of 0. */
extern const struct mm_built_in_rule mm_user_program_rules[];
extern const size_t mm_user_program_rule_count;

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The process rules that come with memmgr: what a system and its session stand on. For memmgr-match. */
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

#ifdef __cplusplus
}
#endif

#endif

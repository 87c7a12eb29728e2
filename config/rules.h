/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rules share; nobody else includes it. */
#ifndef MM_CONFIG_RULES_H
#define MM_CONFIG_RULES_H

#include "common/common.h"
#include "config/build.h"
#include "config/problems.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The element's number in the configuration, in the unit of its text. */
int64_t mm_rules_number(const struct mm_build *build, unsigned index);
/* " (built-in)" where no file says it. */
const char *mm_rules_built_in_mark(const struct mm_build *build, unsigned index);

/* "line 7", or "vendor.xml:7" where that is another file than item's; "" where nothing is known. Returns buffer. */
#define MM_RULES_PLACE_MAX 256
const char *mm_rules_place(const struct mm_build *build, const struct mm_config_item *item,
                           const struct mm_config_item *other, char buffer[static MM_RULES_PLACE_MAX]);

static inline uint64_t mm_rules_megabytes(uint64_t bytes)
{
    return bytes / MM_MIB;
}

/* rules_rows.c: what each row must have; then what the rows of a kind are to each other. */
void mm_rules_check_required(struct mm_build *build);
void mm_rules_check_rows(struct mm_build *build);
/* rules_processes.c */
void mm_rules_check_processes(struct mm_build *build);

#ifdef __cplusplus
}
#endif

#endif

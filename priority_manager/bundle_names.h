/* SPDX-License-Identifier: Apache-2.0 */
/* The names of bundles, each in the smallest place that holds it: most are a quarter as long as they may be. */
#ifndef MM_PRIORITY_MANAGER_BUNDLE_NAMES_H
#define MM_PRIORITY_MANAGER_BUNDLE_NAMES_H

#include "priority_manager/object_pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 32, 64 and 128 bytes, the NUL counted: com.example.application.service and shorter ones share a line of cache. */
#define MM_BUNDLE_NAME_POOLS 3

struct mm_bundle_names {
    struct mm_object_pool pools[MM_BUNDLE_NAME_POOLS];
};

/* Nothing is allocated yet: whoever keeps the pools of other objects grows these, too. */
void mm_bundle_names_init(struct mm_bundle_names *names);
void mm_bundle_names_fini(struct mm_bundle_names *names);
/* A copy of text, cut after 127 bytes; NULL when no place of that size is free. Allocates nothing. */
char *mm_bundle_names_take(struct mm_bundle_names *names, const char *text);
/* name: one that was taken, as it was then. */
void mm_bundle_names_put(struct mm_bundle_names *names, const char *name);

#ifdef __cplusplus
}
#endif

#endif

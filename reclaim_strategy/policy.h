/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy: one way of acting on memory before anybody is killed. Adding one: a file with its ops, a line in
 * the table of reclaim_strategy.c, its elements in the vocabulary.
 *
 * A policy hears every event of the strategy in the table's order. It keeps its own state, decides with pure
 * functions, writes limits through mm_limits only, and explains each thing it does or leaves.
 */
#ifndef MM_RECLAIM_STRATEGY_POLICY_H
#define MM_RECLAIM_STRATEGY_POLICY_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_manager.h"
#include "reclaim_strategy/limits.h"
#include "reclaim_strategy/reclaim_strategy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What every policy works with. Lives as long as the strategy; config changes between two events. */
struct mm_policy_context {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_priority_manager *manager;
    struct mm_limits *limits;
    const struct mm_config *config;
    struct mm_reclaim_status *status; /* the counters a policy adds to */
};

struct mm_policy_ops {
    const char *name;
    int (*create)(struct mm_policy_context *context, void **ret_policy);
    /* Limits are restored by the strategy afterwards. */
    void (*free)(void *policy);
    void (*on_event)(void *policy, const struct mm_event *event);
    /* Does a worker still work for it? NULL: never. */
    bool (*is_busy)(const void *policy);
};

extern const struct mm_policy_ops mm_memory_level_policy;
extern const struct mm_policy_ops mm_memory_high_policy;
extern const struct mm_policy_ops mm_squeeze_policy;

/* A group with more processes is no application's. */
#define MM_POLICY_GROUP_PROCESSES_MAX 512

/* Why a bundle's group may not be touched. */
enum mm_group_refusal {
    MM_GROUP_MAY_BE_TOUCHED,
    MM_GROUP_NONE,          /* no group of its own: the root, the domain's own, or unreadable */
    MM_GROUP_SHARED,        /* a process in it is none of a bundle that may be squeezed */
    MM_GROUP_TOO_MANY,      /* more processes than are checked */
    MM_GROUP_NOT_SQUEEZABLE /* the bundle itself may not be */
};

/* May the bundle's memory be touched at all? What may happen to a process that nobody registered is the kill
   policy's setting: it holds here, too. */
bool mm_policy_is_squeezable(const struct mm_policy_context *context, const struct mm_bundle *bundle,
                             int min_priority);

/*
 * Opens the group of the bundle's processes where, now, every process in its subtree belongs to a bundle at
 * or above min_priority. ret_path needs MM_LIMITS_PATH_MAX bytes; *ret_group is the caller's to close, and
 * set only with MM_GROUP_MAY_BE_TOUCHED.
 */
enum mm_group_refusal mm_policy_open_group(const struct mm_policy_context *context,
                                           const struct mm_bundle *bundle, int min_priority, char *ret_path,
                                           size_t size, struct mm_group **ret_group);
/* The same check for a group already known. */
enum mm_group_refusal mm_policy_check_group(const struct mm_policy_context *context, struct mm_group *group,
                                            int min_priority);

#ifdef __cplusplus
}
#endif

#endif

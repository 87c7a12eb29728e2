/* SPDX-License-Identifier: Apache-2.0 */
/* From the list to the few whose sizes are worth reading anew: pure, without a look at those that are passed over. */
#ifndef MM_KILL_STRATEGY_CANDIDATES_H
#define MM_KILL_STRATEGY_CANDIDATES_H

#include "config/config.h"
#include "kill_strategy/kill_decide.h"
#include "priority_manager/priority_manager.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Candidates of equal rank, of which the heaviest is to be found by reading anew. */
#define MM_KILL_CANDIDATES_MAX 8

struct mm_kill_candidates {
    struct mm_bundle *bundles[MM_KILL_CANDIDATES_MAX]; /* the victim first as far as is known; the list's */
    size_t count;
    unsigned walked;
    /* why the list's least important bundles were passed over, for the decision log */
    unsigned refused[MM_KILL_REFUSAL_COUNT];
    /* The first entry of a lower priority, for when none of the candidates is worth a kill; NULL: the end. */
    const struct mm_priority_entry *rest;
};

/*
 * Walks the list from the priority of `from` (NULL: from its least important end) to the first one that has a bundle
 * that may die, and collects candidates of that priority only, in the list's order (priority_order.h), which the
 * configuration was told to it before. Where use or age decides, the first one that may die is the victim and alone is
 * collected; where size does, up to reread_candidates by their last known size in KiB.
 *
 * O(most bundles there ever were) for each of the at most 16 priorities that hold a large share of them, O(its bundles)
 * for every other priority that it walks, O(1) where use decides and one of the first met may die. Reads the list's
 * keys, and of bundles those alone that it collects or that are marked as set aside. Allocates nothing.
 */
void mm_kill_collect(const struct mm_kill_config *config, const struct mm_kill_level *level,
                     const struct mm_priority_list *list, const struct mm_priority_entry *from,
                     uint64_t now_ns, struct mm_kill_candidates *ret_candidates);

/* The victim among the candidates, whose sizes were read anew: the heaviest. NULL when all are unregistered
   and too small to be worth a kill, or there are none: the next may be in candidates->rest. */
struct mm_bundle *mm_kill_choose(const struct mm_kill_config *config,
                                 const struct mm_kill_candidates *candidates,
                                 const uint64_t resident_bytes[MM_KILL_CANDIDATES_MAX]);

#ifdef __cplusplus
}
#endif

#endif

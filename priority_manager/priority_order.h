/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes first among those of one priority of a mm_priority_list, by configuration:
 *
 * - oldestUse, newestUse: by the last use;
 * - oldest, newest: by when it was started;
 * - by uid, where priorities are upstream's (upstream.h): the highest first;
 * - heaviest: by size, and so is every bucket from heaviest_from_priority down.
 *
 * Of a process that nobody registered nobody tells how it is used: those come behind the others, by size, but where all
 * go by size. Those that are too small to be worth a kill come last, wherever size decides. Of equal ones the oldest use
 * goes first, so that there is one order.
 *
 * Nothing is kept sorted: an order is chosen from the keys when somebody asks, 2.5 ns for each entry of the list, and
 * the first of each bucket is remembered as long as nothing happens that may make another the first. Nothing here
 * allocates.
 */
#ifndef MM_PRIORITY_MANAGER_PRIORITY_ORDER_H
#define MM_PRIORITY_MANAGER_PRIORITY_ORDER_H

#include "common/common.h"
#include "priority_manager/priority_list.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the configuration says. */
struct mm_priority_order mm_priority_order_of(const struct mm_kill_config *config);
/* O(priorities). */
void mm_priority_list_set_order(struct mm_priority_list *list, const struct mm_priority_order *order);

/* The first victim. NULL when empty. O(1) as long as it is the one that it was, or the oldest use decides; else, once,
   as mm_priority_list_select. const is what the list says: it remembers who is the first of that bucket, so that no two
   threads may ask at once. */
struct mm_priority_entry *mm_priority_list_least(const struct mm_priority_list *list);

/* ---- rank ----------------------------------------------------------------------------------------------- */

/* The smaller goes first. */
struct mm_priority_rank {
    uint64_t value, use;
};

/* Of values: those who go by size, behind all others. */
#define MM_PRIORITY_RANK_BY_SIZE (1ULL << 63)
/* No use and no start is as late. */
#define MM_PRIORITY_RANK_LATEST (1ULL << 62)
#define MM_PRIORITY_RANK_WORTH  (1ULL << 32)

static inline bool mm_priority_goes_by_size(const struct mm_priority_list *list, int priority)
{
    return priority <= list->order.heaviest_from_priority || list->order.order == MM_ORDER_HEAVIEST;
}

static inline struct mm_priority_rank mm_priority_rank_by_size(const struct mm_priority_list *list,
                                                               const struct mm_priority_key *key)
{
    /* one that was too small when last looked at may have grown */
    bool is_worth =
        !(key->marks & MM_PRIORITY_IS_UNREGISTERED) || key->resident_kib >= list->unregistered_worth_kib;
    uint64_t size = (is_worth ? MM_PRIORITY_RANK_WORTH : 0) | key->resident_kib;

    return (struct mm_priority_rank){MM_PRIORITY_RANK_BY_SIZE + 2 * MM_PRIORITY_RANK_WORTH - size, key->use};
}

/* Of one in a bucket that does not go by size. */
static inline struct mm_priority_rank mm_priority_rank_by_time(const struct mm_priority_list *list,
                                                               uint32_t index)
{
    const struct mm_priority_key *key = &list->keys[index];

    switch (list->order.order) {
    case MM_ORDER_NEWEST_USE:
        return (struct mm_priority_rank){MM_PRIORITY_RANK_LATEST - key->use, key->use};
    case MM_ORDER_OLDEST:
    case MM_ORDER_HIGHEST_UID: /* as is told of its owner */
        return (struct mm_priority_rank){list->started[index], key->use};
    case MM_ORDER_NEWEST:
        return (struct mm_priority_rank){MM_PRIORITY_RANK_LATEST - list->started[index], key->use};
    default:
        return (struct mm_priority_rank){key->use, key->use};
    }
}

static inline struct mm_priority_rank mm_priority_rank_of(const struct mm_priority_list *list, uint32_t index)
{
    const struct mm_priority_key *key = &list->keys[index];

    return mm_priority_goes_by_size(list, key->priority) || (key->marks & MM_PRIORITY_IS_UNREGISTERED)
               ? mm_priority_rank_by_size(list, key)
               : mm_priority_rank_by_time(list, index);
}

static inline bool mm_priority_rank_is_before(struct mm_priority_rank a, struct mm_priority_rank b)
{
    return a.value != b.value ? a.value < b.value : a.use < b.use;
}

/* Slots of one bucket. */
static inline bool mm_priority_goes_before(const struct mm_priority_list *list, uint32_t slot, uint32_t other)
{
    return mm_priority_rank_is_before(mm_priority_rank_of(list, slot - MM_PRIORITY_BUCKETS),
                                      mm_priority_rank_of(list, other - MM_PRIORITY_BUCKETS));
}

/* ---- the first of a bucket ------------------------------------------------------------------------------ */

#define MM_PRIORITY_SELECTED_MAX 64

/* Who is passed over, and when it is enough. Zeros: nobody, and limit is asked for. */
struct mm_priority_filter {
    bool are_empty_out, are_unregistered_out;
    /* Asked of those that bear the mark; NULL: they are none. */
    bool (*is_set_aside)(const struct mm_priority_entry *entry, void *user);
    void *user;
    /* Where the first does not go by size, no other is wanted. */
    bool is_one_enough_by_time;
    size_t limit; /* 1..MM_PRIORITY_SELECTED_MAX */
    /* Those behind that rank only; NULL: all. */
    const struct mm_priority_rank *behind;
};

struct mm_priority_selection {
    size_t count;
    uint32_t indices[MM_PRIORITY_SELECTED_MAX]; /* of keys and entries, the first victim first */
    struct mm_priority_rank ranks[MM_PRIORITY_SELECTED_MAX];
    /* Of those that were looked at: all of the bucket, but where time decides. */
    unsigned admitted, empty, set_aside, unregistered;
};

/* At most filter->limit of that priority. O(its entries) where they are few, else O(most entries there ever were); O(1)
   where the first is known, or use decides and is one of the first in the bucket, and one is enough. */
void mm_priority_list_select(const struct mm_priority_list *list, int priority,
                             const struct mm_priority_filter *filter,
                             struct mm_priority_selection *ret_selection);
static inline bool mm_priority_selection_is_by_size(const struct mm_priority_selection *selection)
{
    return selection->count > 0 && selection->ranks[0].value >= MM_PRIORITY_RANK_BY_SIZE;
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

/*
 * The next victim first, until there are no more. The list may change meanwhile: who is removed, moved or used is not
 * met any more, nor is who is inserted; who is described anew may be met twice or not at all, and all others are met
 * once. O(1) each, but every 64th as mm_priority_list_select: whoever wants all n of one bucket pays O(n^2 / 64), so
 * that one goes in pages and goes on behind a rank.
 */
struct mm_priority_walk {
    const struct mm_priority_list *list;
    int priority;   /* of the bucket at hand; MM_PRIORITY_FREE: at the end */
    uint64_t begun; /* after that use */
    size_t position;
    bool has_rank; /* rank is the last one's of this bucket */
    struct mm_priority_rank rank;
    struct mm_priority_selection selection;
};

/* From the least important on. */
void mm_priority_walk_begin(struct mm_priority_walk *walk, const struct mm_priority_list *list);
/* From the first behind that rank of that priority, whether or not anybody has it. Any priority and rank will do. O(1). */
void mm_priority_walk_begin_behind(struct mm_priority_walk *walk, const struct mm_priority_list *list,
                                   int priority, struct mm_priority_rank rank);
/* The same from who has it, if somebody has. */
void mm_priority_walk_begin_at(struct mm_priority_walk *walk, const struct mm_priority_list *list,
                               int priority, struct mm_priority_rank rank);
/* NULL after the last. */
struct mm_priority_entry *mm_priority_walk_next(struct mm_priority_walk *walk);

#ifdef __cplusplus
}
#endif

#endif

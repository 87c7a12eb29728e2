/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small bucket is walked as it stands. A large one is found by going over all keys as they lie in memory, which the
 * processor reads ahead of, where following the order would wait for each; the key's `use` says what the order would
 * have said.
 */
#include "priority_manager/priority_order.h"

#include <string.h>

/* A step in the order of a bucket costs as much as that many keys side by side. */
#define STEP_KEYS 16
/* Where use decides, the victim is among the first, unless those were set aside or nobody registered them. */
#define FIRST_STEPS 16

struct search {
    const struct mm_priority_list *list;
    const struct mm_priority_filter *filter;
    int priority;
    bool is_by_size;
    unsigned asked_marks;            /* who bears none of them is admitted */
    unsigned admitted, unregistered; /* counted here, as the selection is */
    uint64_t worst_value;            /* whose rank is greater is none of the first */
    struct mm_priority_selection *selection;
};

struct mm_priority_order mm_priority_order_of(const struct mm_kill_config *config)
{
    return (struct mm_priority_order){
        .order = config->order,
        .heaviest_from_priority = config->heaviest_from_priority,
        .unregistered_worth_bytes = config->unregistered_min_bytes,
    };
}

void mm_priority_list_set_order(struct mm_priority_list *list, const struct mm_priority_order *order)
{
    list->order = *order;
    list->unregistered_worth_kib =
        (uint32_t)MM_MIN((order->unregistered_worth_bytes + MM_KIB - 1) / MM_KIB, UINT32_MAX);
    for (uint32_t bucket = 0; bucket < MM_PRIORITY_BUCKETS; bucket++)
        list->buckets[bucket].first = 0;
}

/* ---- the first of a bucket ------------------------------------------------------------------------------ */

/* Counts it either way. */
static bool __attribute__((noinline)) admits(struct search *search, uint32_t index)
{
    const struct mm_priority_filter *filter = search->filter;
    struct mm_priority_selection *selection = search->selection;
    unsigned marks = search->list->keys[index].marks;

    if ((marks & MM_PRIORITY_IS_EMPTY) && filter->are_empty_out) {
        selection->empty++;
    } else if ((marks & MM_PRIORITY_IS_SET_ASIDE) && filter->is_set_aside &&
               filter->is_set_aside(search->list->entries[index], filter->user)) {
        selection->set_aside++;
    } else if ((marks & MM_PRIORITY_IS_UNREGISTERED) && filter->are_unregistered_out) {
        search->unregistered++;
    } else {
        search->admitted++;
        return true;
    }
    return false;
}

static void put(struct mm_priority_selection *selection, size_t position, uint32_t index,
                struct mm_priority_rank rank)
{
    selection->indices[position] = index;
    selection->ranks[position] = rank;
}

/* Sorted, so that what falls out is the last. */
static void keep(struct search *search, uint32_t index, struct mm_priority_rank rank)
{
    struct mm_priority_selection *selection = search->selection;
    size_t limit = search->filter->limit, position;

    if (selection->count < limit)
        position = selection->count++;
    else if (mm_priority_rank_is_before(rank, selection->ranks[limit - 1]))
        position = limit - 1;
    else
        return;
    for (; position > 0 && mm_priority_rank_is_before(rank, selection->ranks[position - 1]); position--)
        put(selection, position, selection->indices[position - 1], selection->ranks[position - 1]);
    put(selection, position, index, rank);
    if (selection->count == limit)
        search->worst_value = selection->ranks[limit - 1].value;
}

/* The only one, unless it is behind the one there is. */
static void keep_alone(struct search *search, uint32_t index, struct mm_priority_rank rank)
{
    struct mm_priority_selection *selection = search->selection;

    if (selection->count > 0 && mm_priority_rank_is_before(selection->ranks[0], rank))
        return;
    put(selection, 0, index, rank);
    selection->count = 1;
    search->worst_value = rank.value;
}

static void __attribute__((noinline)) keep_if_first(struct search *search, uint32_t index)
{
    const struct mm_priority_filter *filter = search->filter;
    const struct mm_priority_rank rank = mm_priority_rank_of(search->list, index);

    if (filter->behind && !mm_priority_rank_is_before(*filter->behind, rank))
        return;
    if (filter->is_one_enough_by_time && rank.value < MM_PRIORITY_RANK_BY_SIZE)
        keep_alone(search, index, rank);
    else
        keep(search, index, rank);
}

/* Most of many end here, so nothing is done for them that is not needed. */
static inline void consider(struct search *search, uint32_t index)
{
    const struct mm_priority_key *key = &search->list->keys[index];
    uint64_t value;

    if (!(key->marks & search->asked_marks)) {
        search->admitted++;
    } else if (key->marks == MM_PRIORITY_IS_UNREGISTERED) {
        search->unregistered++;
        return;
    } else if (!admits(search, index)) {
        return;
    }
    value = search->is_by_size || (key->marks & MM_PRIORITY_IS_UNREGISTERED)
                ? mm_priority_rank_by_size(search->list, key).value
                : mm_priority_rank_by_time(search->list, index).value;
    if (value <= search->worst_value)
        keep_if_first(search, index);
}

static void begin(struct search *search)
{
    struct mm_priority_selection *selection = search->selection;

    search->admitted = search->unregistered = 0;
    search->worst_value = UINT64_MAX;
    selection->count = 0;
    selection->empty = selection->set_aside = 0;
}

/* What was found going by use is the first by use. */
static bool is_enough(const struct search *search)
{
    const struct mm_priority_selection *selection = search->selection;

    if (selection->count == 0 || selection->ranks[selection->count - 1].value >= MM_PRIORITY_RANK_BY_SIZE)
        return false;
    return search->filter->is_one_enough_by_time || selection->count == search->filter->limit;
}

static bool goes_by_use(const struct search *search)
{
    return !search->is_by_size && (search->list->order.order == MM_ORDER_OLDEST_USE ||
                                   search->list->order.order == MM_ORDER_NEWEST_USE);
}

/* From the end that goes first. Returns false when the bucket is not done after so many. */
static bool search_in_order(struct search *search, uint32_t steps_max)
{
    const struct mm_priority_link *links = search->list->links;
    bool is_backward = search->list->order.order == MM_ORDER_NEWEST_USE;
    bool ends_early = goes_by_use(search);
    uint32_t slot = (uint32_t)(search->priority - MM_PRIORITY_MIN);

    begin(search);
    for (uint32_t step = 0;; step++) {
        slot = is_backward ? links[slot].previous : links[slot].next;
        if (slot < MM_PRIORITY_BUCKETS)
            return true;
        if (step == steps_max)
            return false;
        consider(search, slot - MM_PRIORITY_BUCKETS);
        if (ends_early && is_enough(search))
            return true;
    }
}

static void search_all_keys(struct search *search)
{
    const struct mm_priority_key *keys = search->list->keys;
    uint32_t count = search->list->key_count;

    begin(search);
    for (uint32_t index = 0; index < count; index++) {
        if (keys[index].priority == search->priority)
            consider(search, index);
    }
}

static void search_bucket(struct search *search)
{
    uint32_t count = mm_priority_list_count_at(search->list, search->priority);

    if (count < search->list->key_count / STEP_KEYS || count <= FIRST_STEPS)
        (void)search_in_order(search, count);
    else if (!goes_by_use(search) || !search_in_order(search, FIRST_STEPS))
        search_all_keys(search);
}

/* Without a search. */
static bool take_known(struct search *search)
{
    const struct mm_priority_filter *filter = search->filter;
    uint32_t slot = search->list->buckets[search->priority - MM_PRIORITY_MIN].first;
    struct mm_priority_rank rank;

    if (slot == 0 || filter->behind || !filter->is_one_enough_by_time)
        return false;
    rank = mm_priority_rank_of(search->list, slot - MM_PRIORITY_BUCKETS);
    if (rank.value >= MM_PRIORITY_RANK_BY_SIZE || !admits(search, slot - MM_PRIORITY_BUCKETS))
        return false;
    put(search->selection, 0, slot - MM_PRIORITY_BUCKETS, rank);
    search->selection->count = 1;
    return true;
}

void mm_priority_list_select(const struct mm_priority_list *list, int priority,
                             const struct mm_priority_filter *filter,
                             struct mm_priority_selection *ret_selection)
{
    struct search search = {
        .list = list,
        .filter = filter,
        .priority = priority,
        .is_by_size = mm_priority_goes_by_size(list, priority),
        .asked_marks = (filter->are_empty_out ? MM_PRIORITY_IS_EMPTY : 0u) |
                       (filter->is_set_aside ? MM_PRIORITY_IS_SET_ASIDE : 0u) |
                       (filter->are_unregistered_out ? MM_PRIORITY_IS_UNREGISTERED : 0u),
        .selection = ret_selection,
    };

    begin(&search);
    if (!take_known(&search))
        search_bucket(&search);
    ret_selection->admitted = search.admitted;
    ret_selection->unregistered = search.unregistered;
}

struct mm_priority_entry *mm_priority_list_least(const struct mm_priority_list *list)
{
    const struct mm_priority_filter filter = {.limit = 1};
    const struct mm_priority_entry *any = mm_priority_list_first(list);
    struct mm_priority_selection selection;
    struct mm_priority_bucket *bucket;

    if (!any)
        return NULL;
    bucket = &list->buckets[any->priority - MM_PRIORITY_MIN];
    if (bucket->first == 0) {
        mm_priority_list_select(list, any->priority, &filter, &selection);
        bucket->first = selection.indices[0] + MM_PRIORITY_BUCKETS;
    }
    return list->entries[bucket->first - MM_PRIORITY_BUCKETS];
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

/* MM_PRIORITY_FREE: nowhere. */
static void enter(struct mm_priority_walk *walk, int priority)
{
    walk->priority = priority;
    walk->has_rank = false;
    walk->position = walk->selection.count = 0;
}

static void enter_that_of(struct mm_priority_walk *walk, const struct mm_priority_entry *any)
{
    enter(walk, any ? any->priority : MM_PRIORITY_FREE);
}

void mm_priority_walk_begin(struct mm_priority_walk *walk, const struct mm_priority_list *list)
{
    walk->list = list;
    walk->begun = list->uses;
    enter_that_of(walk, mm_priority_list_first(list));
}

void mm_priority_walk_begin_behind(struct mm_priority_walk *walk, const struct mm_priority_list *list,
                                   int priority, struct mm_priority_rank rank)
{
    mm_priority_walk_begin(walk, list);
    if (priority > MM_PRIORITY_MAX)
        return;
    enter(walk, priority < MM_PRIORITY_MIN ? MM_PRIORITY_FREE : priority);
    walk->rank = rank;
    walk->has_rank = true;
}

void mm_priority_walk_begin_at(struct mm_priority_walk *walk, const struct mm_priority_list *list,
                               int priority, struct mm_priority_rank rank)
{
    /* no two have the same use, which is 1 at least: the rank before it is nobody else's */
    rank.use -= rank.use > 0;
    mm_priority_walk_begin_behind(walk, list, priority, rank);
}

/* The next 64 of the bucket; false when there are none. */
static bool select_more(struct mm_priority_walk *walk)
{
    const struct mm_priority_filter filter = {
        .limit = MM_PRIORITY_SELECTED_MAX,
        .behind = walk->has_rank ? &walk->rank : NULL,
    };

    mm_priority_list_select(walk->list, walk->priority, &filter, &walk->selection);
    walk->position = 0;
    if (walk->selection.count == 0)
        return false;
    walk->rank = walk->selection.ranks[walk->selection.count - 1];
    walk->has_rank = true;
    return true;
}

/* Whether it is still who was selected; whoever was used or moved since is another. */
static bool stands(const struct mm_priority_walk *walk, size_t position)
{
    const struct mm_priority_key *key = &walk->list->keys[walk->selection.indices[position]];

    return key->priority == walk->priority && key->use == walk->selection.ranks[position].use &&
           key->use <= walk->begun;
}

struct mm_priority_entry *mm_priority_walk_next(struct mm_priority_walk *walk)
{
    while (walk->priority != MM_PRIORITY_FREE) {
        while (walk->position < walk->selection.count) {
            size_t position = walk->position++;

            if (stands(walk, position))
                return walk->list->entries[walk->selection.indices[position]];
        }
        if (!select_more(walk))
            enter_that_of(walk, mm_priority_list_first_below(walk->list, walk->priority));
    }
    return NULL;
}

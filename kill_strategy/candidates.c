/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bucket after the other, by the keys of the list. A small bucket is walked in its order. A large one is found by
 * going over all keys as they lie in memory, which the processor reads ahead of, where following the order would wait
 * for each; the key's `use` says what the order would have said.
 */
#include "kill_strategy/candidates.h"

#include "common/common.h"

#include <string.h>

/* A step in the order of a bucket costs as much as that many keys side by side. */
#define STEP_KEYS 16
/* Where the oldest use decides, the victim is among the first, unless those were set aside or nobody registered
   them. */
#define FIRST_STEPS 16

/* One that may be the victim. */
struct found {
    uint64_t rank; /* by size: greater goes first */
    uint64_t use;
    uint32_t index; /* of its key */
};

/* The search of one bucket. */
struct search {
    const struct mm_kill_config *config;
    const struct mm_priority_list *list;
    uint64_t now_ns;
    int priority;
    bool is_by_use; /* of those that are registered */
    bool are_unregistered_kept_out;
    uint32_t worth_kib; /* what an unregistered one has to have */
    size_t limit;

    unsigned refused[MM_KILL_REFUSAL_COUNT]; /* MM_KILL_ALLOWED: how many were not */
    bool has_used;                           /* used: found where use decides; it goes before the others */
    struct found used;
    size_t count;
    struct found heaviest[MM_KILL_CANDIDATES_MAX];
};

static const struct mm_bundle *bundle_at(const struct mm_priority_list *list, uint32_t index)
{
    return MM_BUNDLE_OF(list->entries[index]);
}

static enum mm_kill_refusal check_key(const struct search *search, uint32_t index)
{
    unsigned marks = search->list->keys[index].marks;

    if (marks & MM_PRIORITY_IS_EMPTY)
        return MM_KILL_EMPTY;
    if ((marks & MM_PRIORITY_IS_SET_ASIDE) &&
        search->now_ns < bundle_at(search->list, index)->set_aside_until_ns)
        return MM_KILL_SET_ASIDE;
    return (marks & MM_PRIORITY_IS_UNREGISTERED) && search->are_unregistered_kept_out ? MM_KILL_UNREGISTERED
                                                                                      : MM_KILL_ALLOWED;
}

/* One that was too small when last looked at comes last, so that it pushes nobody out, but it may have grown. */
static uint64_t rank_of(const struct search *search, const struct mm_priority_key *key)
{
    bool is_worth = !(key->marks & MM_PRIORITY_IS_UNREGISTERED) || key->resident_kib >= search->worth_kib;

    return (uint64_t)is_worth << 32 | key->resident_kib;
}

static bool goes_before(const struct found *a, const struct found *b)
{
    return a->rank != b->rank ? a->rank > b->rank : a->use < b->use;
}

/* Keeps the heaviest, heaviest first, so that what falls out is the lightest. */
static void keep_heaviest(struct search *search, const struct found *found)
{
    size_t position;

    if (search->count < search->limit)
        position = search->count++;
    else if (goes_before(found, &search->heaviest[search->limit - 1]))
        position = search->limit - 1;
    else
        return;
    while (position > 0 && goes_before(found, &search->heaviest[position - 1])) {
        search->heaviest[position] = search->heaviest[position - 1];
        position--;
    }
    search->heaviest[position] = *found;
}

/* A list by rank says itself who is first. */
static bool is_newest_use_first(const struct search *search)
{
    return search->config->order == MM_ORDER_NEWEST_USE && !search->list->is_by_rank;
}

static void keep_by_use(struct search *search, const struct found *found)
{
    bool is_newest_first = is_newest_use_first(search);

    if (search->has_used && (found->use > search->used.use) != is_newest_first)
        return;
    search->has_used = true;
    search->used = *found;
}

static void consider(struct search *search, uint32_t index)
{
    const struct mm_priority_key *key = &search->list->keys[index];
    enum mm_kill_refusal refusal = check_key(search, index);
    const struct found found = {.rank = rank_of(search, key), .use = key->use, .index = index};

    search->refused[refusal]++;
    if (refusal != MM_KILL_ALLOWED)
        return;
    /* nobody tells how an unregistered process is used: among its equals only size speaks */
    if (search->is_by_use && !(key->marks & MM_PRIORITY_IS_UNREGISTERED))
        keep_by_use(search, &found);
    else
        keep_heaviest(search, &found);
}

static void begin(struct search *search)
{
    memset(search->refused, 0, sizeof(search->refused));
    search->has_used = false;
    search->count = 0;
}

/* Returns false when the bucket is not done after so many. */
static bool search_in_order(struct search *search, uint32_t steps_max)
{
    uint32_t index = mm_priority_list_first_index(search->list, search->priority);
    bool is_oldest_enough = !is_newest_use_first(search);

    begin(search);
    for (uint32_t step = 0; index != MM_PRIORITY_NO_INDEX; step++) {
        if (step == steps_max)
            return false;
        consider(search, index);
        if (search->has_used && is_oldest_enough)
            break;
        index = mm_priority_list_next_index(search->list, index);
    }
    return true;
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
    else if (!search->is_by_use || !search_in_order(search, FIRST_STEPS))
        search_all_keys(search);
}

/* The key is a copy: the bundle has the last word. */
static void take(const struct search *search, const struct mm_kill_level *level, const struct found *found,
                 struct mm_kill_candidates *candidates)
{
    struct mm_bundle *bundle = MM_BUNDLE_OF(search->list->entries[found->index]);
    enum mm_kill_refusal refusal = mm_kill_check(search->config, level, bundle, search->now_ns);

    if (refusal == MM_KILL_ALLOWED) {
        candidates->bundles[candidates->count++] = bundle;
        return;
    }
    candidates->refused[MM_KILL_ALLOWED]--;
    candidates->refused[refusal]++;
}

/* Adds what the search of a bucket has found. */
static void conclude(const struct search *search, const struct mm_kill_level *level,
                     struct mm_kill_candidates *candidates)
{
    for (unsigned refusal = 0; refusal < MM_KILL_REFUSAL_COUNT; refusal++) {
        candidates->walked += search->refused[refusal];
        candidates->refused[refusal] += search->refused[refusal];
    }
    if (search->has_used) {
        take(search, level, &search->used, candidates);
        return;
    }
    for (size_t i = 0; i < search->count; i++)
        take(search, level, &search->heaviest[i], candidates);
}

/* False where the row, or -1000, ends the walk. */
static bool enter_bucket(struct search *search, const struct mm_kill_level *level, int priority,
                         struct mm_kill_candidates *candidates)
{
    const struct mm_kill_config *config = search->config;

    search->priority = priority;
    search->is_by_use = search->list->is_by_rank ||
                        (config->order != MM_ORDER_HEAVIEST && priority > config->heaviest_from_priority);
    search->are_unregistered_kept_out =
        !mm_unregistered_may_be_touched(priority, config->unregistered_policy);
    if (priority > MM_PRIORITY_SYSTEM && priority >= level->min_priority)
        return true;
    candidates->walked++;
    candidates->refused[priority <= MM_PRIORITY_SYSTEM ? MM_KILL_NEVER : MM_KILL_BELOW_MIN_PRIORITY]++;
    return false;
}

void mm_kill_collect(const struct mm_kill_config *config, const struct mm_kill_level *level,
                     const struct mm_priority_list *list, const struct mm_priority_entry *from,
                     uint64_t now_ns, struct mm_kill_candidates *ret_candidates)
{
    const struct mm_priority_entry *entry = from ? from : mm_priority_list_least(list);
    struct search search = {
        .config = config,
        .list = list,
        .now_ns = now_ns,
        .worth_kib = (uint32_t)MM_MIN((config->unregistered_min_bytes + MM_KIB - 1) / MM_KIB, UINT32_MAX),
        .limit = MM_MIN(MM_MAX(config->reread_candidates, 1), MM_KILL_CANDIDATES_MAX),
    };

    memset(ret_candidates, 0, sizeof(*ret_candidates));
    for (; entry; entry = mm_priority_list_least_below(list, search.priority)) {
        if (!enter_bucket(&search, level, entry->priority, ret_candidates))
            return;
        search_bucket(&search);
        conclude(&search, level, ret_candidates);
        if (ret_candidates->count > 0)
            break;
    }
    /* whom use has chosen is worth a kill at any size */
    if (entry && !search.has_used)
        ret_candidates->rest = mm_priority_list_least_below(list, search.priority);
}

struct mm_bundle *mm_kill_choose(const struct mm_kill_config *config,
                                 const struct mm_kill_candidates *candidates,
                                 const uint64_t resident_bytes[MM_KILL_CANDIDATES_MAX])
{
    size_t best = MM_KILL_CANDIDATES_MAX;

    for (size_t i = 0; i < candidates->count; i++) {
        if (!candidates->bundles[i]->is_registered && resident_bytes[i] < config->unregistered_min_bytes)
            continue;
        if (best == MM_KILL_CANDIDATES_MAX || resident_bytes[i] > resident_bytes[best])
            best = i;
    }
    return best == MM_KILL_CANDIDATES_MAX ? NULL : candidates->bundles[best];
}

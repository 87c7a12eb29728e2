/* SPDX-License-Identifier: Apache-2.0 */
/* One bucket after the other, by the order of the list. */
#include "kill_strategy/candidates.h"

#include "common/common.h"
#include "priority_manager/priority_order.h"

#include <string.h>

/* The search of one bucket. */
struct search {
    const struct mm_kill_config *config;
    const struct mm_kill_level *level;
    const struct mm_priority_list *list;
    uint64_t now_ns;
    int priority;
    struct mm_priority_filter filter;
    struct mm_priority_selection selection;
};

static bool is_set_aside(const struct mm_priority_entry *entry, void *user)
{
    const struct search *search = user;

    return search->now_ns < MM_CONTAINER_OF(entry, const struct mm_bundle, entry)->set_aside_until_ns;
}

/* The key is a copy: the bundle has the last word. */
static void take(const struct search *search, uint32_t index, struct mm_kill_candidates *candidates)
{
    struct mm_bundle *bundle = MM_BUNDLE_OF(search->list->entries[index]);
    enum mm_kill_refusal refusal = mm_kill_check(search->config, search->level, bundle, search->now_ns);

    if (refusal == MM_KILL_ALLOWED) {
        candidates->bundles[candidates->count++] = bundle;
        return;
    }
    candidates->refused[MM_KILL_ALLOWED]--;
    candidates->refused[refusal]++;
}

/* Adds what the search of a bucket has found. */
static void conclude(const struct search *search, struct mm_kill_candidates *candidates)
{
    const struct mm_priority_selection *selection = &search->selection;

    candidates->walked +=
        selection->admitted + selection->empty + selection->set_aside + selection->unregistered;
    candidates->refused[MM_KILL_ALLOWED] += selection->admitted;
    candidates->refused[MM_KILL_EMPTY] += selection->empty;
    candidates->refused[MM_KILL_SET_ASIDE] += selection->set_aside;
    candidates->refused[MM_KILL_UNREGISTERED] += selection->unregistered;
    for (size_t i = 0; i < selection->count; i++)
        take(search, selection->indices[i], candidates);
}

/* False where the row, or -1000, ends the walk. */
static bool enter_bucket(struct search *search, int priority, struct mm_kill_candidates *candidates)
{
    search->priority = priority;
    search->filter.are_unregistered_out =
        !mm_unregistered_may_be_touched(priority, search->config->unregistered_policy);
    if (priority > MM_PRIORITY_SYSTEM && priority >= search->level->min_priority)
        return true;
    candidates->walked++;
    candidates->refused[priority <= MM_PRIORITY_SYSTEM ? MM_KILL_NEVER : MM_KILL_BELOW_MIN_PRIORITY]++;
    return false;
}

void mm_kill_collect(const struct mm_kill_config *config, const struct mm_kill_level *level,
                     const struct mm_priority_list *list, const struct mm_priority_entry *from,
                     uint64_t now_ns, struct mm_kill_candidates *ret_candidates)
{
    const struct mm_priority_entry *entry = from ? from : mm_priority_list_first(list);
    struct search search;

    search.config = config;
    search.level = level;
    search.list = list;
    search.now_ns = now_ns;
    search.filter = (struct mm_priority_filter){
        .are_empty_out = true,
        .is_set_aside = is_set_aside,
        .user = &search,
        .is_one_enough_by_time = true,
        .limit = MM_MIN(MM_MAX(config->reread_candidates, 1), MM_KILL_CANDIDATES_MAX),
    };
    memset(ret_candidates, 0, sizeof(*ret_candidates));
    for (; entry; entry = mm_priority_list_first_below(list, search.priority)) {
        if (!enter_bucket(&search, entry->priority, ret_candidates))
            return;
        mm_priority_list_select(list, search.priority, &search.filter, &search.selection);
        conclude(&search, ret_candidates);
        if (ret_candidates->count > 0)
            break;
    }
    /* whom time has chosen is worth a kill at any size */
    if (entry && mm_priority_selection_is_by_size(&search.selection))
        ret_candidates->rest = mm_priority_list_first_below(list, search.priority);
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

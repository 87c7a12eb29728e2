/* SPDX-License-Identifier: Apache-2.0 */
/* Which row applies, who may die, in which order. */
#include "kill_strategy/kill_decide.h"

#include "common/common.h"

#include <string.h>

const struct mm_kill_level *mm_kill_level_for(const struct mm_kill_config *config, uint64_t available_bytes)
{
    for (size_t i = 0; i < config->level_count; i++) {
        if (available_bytes < config->levels[i].memory_bytes)
            return &config->levels[i];
    }
    return NULL;
}

enum mm_kill_refusal mm_kill_check(const struct mm_kill_config *config, const struct mm_kill_level *level,
                                   const struct mm_bundle *bundle, uint64_t now_ns)
{
    if (bundle->entry.priority <= MM_PRIORITY_SYSTEM)
        return MM_KILL_NEVER;
    if (bundle->entry.priority < level->min_priority)
        return MM_KILL_BELOW_MIN_PRIORITY;
    if (bundle->process_count == 0)
        return MM_KILL_EMPTY;
    if (now_ns < bundle->set_aside_until_ns)
        return MM_KILL_SET_ASIDE;
    return mm_bundle_may_be_touched(bundle, config->unregistered_policy) ? MM_KILL_ALLOWED
                                                                         : MM_KILL_UNREGISTERED;
}

/* One that was too small when last looked at comes last, so that it pushes nobody out, but it may have grown.
 */
static bool is_heavier(const struct mm_kill_config *config, const struct mm_bundle *a,
                       const struct mm_bundle *b)
{
    bool is_a_worth = a->is_registered || a->resident_bytes >= config->unregistered_min_bytes;
    bool is_b_worth = b->is_registered || b->resident_bytes >= config->unregistered_min_bytes;

    return is_a_worth != is_b_worth ? is_a_worth : a->resident_bytes > b->resident_bytes;
}

/* Keeps the heaviest, heaviest first, so that what falls out is the lightest. */
static void keep_heaviest(const struct mm_kill_config *config, struct mm_kill_candidates *candidates,
                          struct mm_bundle *bundle)
{
    size_t limit = MM_MIN(MM_MAX(config->reread_candidates, 1), MM_KILL_CANDIDATES_MAX);
    size_t position;

    if (candidates->count < limit)
        position = candidates->count++;
    else if (is_heavier(config, bundle, candidates->bundles[limit - 1]))
        position = limit - 1;
    else
        return;
    while (position > 0 && is_heavier(config, bundle, candidates->bundles[position - 1])) {
        candidates->bundles[position] = candidates->bundles[position - 1];
        position--;
    }
    candidates->bundles[position] = bundle;
}

/* Nobody tells how an unregistered process is used: among its equals only size speaks. */
static bool is_chosen_by_size(const struct mm_kill_config *config, const struct mm_bundle *bundle)
{
    return !bundle->is_registered || config->order == MM_ORDER_HEAVIEST ||
           bundle->entry.priority <= config->heaviest_from_priority;
}

/* Returns false when the walk is over. */
static bool consider(const struct mm_kill_config *config, const struct mm_kill_level *level,
                     struct mm_bundle *bundle, uint64_t now_ns, struct mm_kill_candidates *candidates)
{
    enum mm_kill_refusal refusal;

    /* candidates are of one priority, and the list goes downwards */
    if (candidates->count > 0 && bundle->entry.priority != candidates->bundles[0]->entry.priority) {
        candidates->rest = &bundle->entry;
        return false;
    }
    candidates->walked++;
    refusal = mm_kill_check(config, level, bundle, now_ns);
    candidates->refused[refusal]++;
    if (refusal == MM_KILL_BELOW_MIN_PRIORITY || refusal == MM_KILL_NEVER)
        return false;
    if (refusal != MM_KILL_ALLOWED)
        return true;
    if (is_chosen_by_size(config, bundle)) {
        if (candidates->count == 0 || is_chosen_by_size(config, candidates->bundles[0]))
            keep_heaviest(config, candidates, bundle);
        return true;
    }
    /* one whose use is known goes before those of unknown use; the oldest use is met first */
    candidates->bundles[0] = bundle;
    candidates->count = 1;
    return config->order == MM_ORDER_NEWEST_USE;
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

void mm_kill_collect(const struct mm_kill_config *config, const struct mm_kill_level *level,
                     const struct mm_priority_list *list, const struct mm_priority_entry *from,
                     uint64_t now_ns, struct mm_kill_candidates *ret_candidates)
{
    const struct mm_priority_entry *entry = from ? from : mm_priority_list_least(list);

    memset(ret_candidates, 0, sizeof(*ret_candidates));
    for (; entry; entry = mm_priority_list_next(list, entry)) {
        if (!consider(config, level, MM_BUNDLE_OF(entry), now_ns, ret_candidates))
            return;
    }
}

enum mm_kill_next mm_kill_next_step(const struct mm_kill_config *config,
                                    const struct mm_kill_level *series_level, uint64_t available_bytes,
                                    const struct mm_kill_level **ret_level)
{
    const struct mm_kill_level *level = mm_kill_level_for(config, available_bytes);

    if (!config->is_enabled || config->level_count == 0 ||
        available_bytes >= series_level->memory_bytes + config->margin_bytes)
        return MM_KILL_NEXT_STOP;
    *ret_level = level ? level : &config->levels[config->level_count - 1];
    return MM_KILL_NEXT_ANOTHER;
}

bool mm_kill_has_settled(uint64_t victim_bytes, uint64_t before_bytes, uint64_t available_bytes,
                         unsigned still_readings)
{
    uint64_t back_bytes = available_bytes > before_bytes ? available_bytes - before_bytes : 0;

    if (back_bytes >= victim_bytes / 100 * MM_KILL_BACK_PERCENT)
        return true;
    return still_readings >=
           (back_bytes >= victim_bytes / 2 ? MM_KILL_STILL_READINGS : MM_KILL_STILL_READINGS_EARLY);
}

bool mm_kill_is_giving_back(uint64_t victim_bytes, uint64_t before_bytes, uint64_t available_bytes)
{
    uint64_t noticeable_bytes = MM_MAX(victim_bytes / 100 * MM_KILL_STILL_PERCENT, MM_KILL_GROWTH_MIN_BYTES);

    return available_bytes > before_bytes && available_bytes - before_bytes > noticeable_bytes;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which row applies, who may die, what comes after a victim. */
#include "kill_strategy/kill_decide.h"

#include "common/common.h"

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

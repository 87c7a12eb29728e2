/* SPDX-License-Identifier: Apache-2.0 */
/* When to squeeze, how much, and how bad memory is. */
#include "reclaim_strategy/reclaim_decide.h"

#include "common/common.h"

static const char *const verdict_texts[] = {
    [MM_SQUEEZE_OFF] = "squeezing is switched off",
    [MM_SQUEEZE_PLENTY] = "available is at its buffer",
    [MM_SQUEEZE_SWAP_RESERVE] = "free swap is down to its reserve",
    [MM_SQUEEZE_GO] = "available is below its buffer",
};

const char *mm_squeeze_verdict_text(enum mm_squeeze_verdict verdict)
{
    return (size_t)verdict < MM_ARRAY_SIZE(verdict_texts) ? verdict_texts[verdict] : "unknown";
}

enum mm_squeeze_verdict mm_squeeze_decide(const struct mm_avail_buffer_config *buffers, bool is_enabled,
                                          const struct mm_memory_state *memory, bool is_squeezing)
{
    uint64_t line_bytes = is_squeezing ? buffers->high_avail_bytes : buffers->min_avail_bytes;

    if (!is_enabled || buffers->min_avail_bytes == 0)
        return MM_SQUEEZE_OFF;
    if (memory->available_bytes >= line_bytes)
        return MM_SQUEEZE_PLENTY;
    if (memory->swap_total_bytes > 0 && memory->swap_free_bytes <= buffers->swap_reserve_bytes)
        return MM_SQUEEZE_SWAP_RESERVE;
    return MM_SQUEEZE_GO;
}

uint64_t mm_squeeze_amount(const struct mm_avail_buffer_config *buffers, uint64_t chunk_bytes,
                           uint64_t available_bytes, uint64_t group_bytes)
{
    uint64_t missing_bytes =
        buffers->high_avail_bytes > available_bytes ? buffers->high_avail_bytes - available_bytes : 0;

    return MM_MIN(MM_MIN(chunk_bytes, group_bytes), MM_MAX(missing_bytes, MM_SQUEEZE_LEAST_BYTES));
}

bool mm_squeeze_is_worth_it(uint64_t asked_bytes, uint64_t got_bytes, unsigned worth_percent)
{
    return got_bytes > 0 && got_bytes >= asked_bytes / 100 * worth_percent;
}

uint64_t mm_memory_high_target(const struct mm_memory_high_config *config, uint64_t current_bytes)
{
    uint64_t target_bytes = current_bytes / 100 * config->share_percent;

    target_bytes = MM_MAX(target_bytes, config->min_bytes);
    return target_bytes < current_bytes ? target_bytes : MM_UNLIMITED;
}

static enum mm_memory_level level_of(const struct mm_memory_level_config *config, uint64_t available_bytes)
{
    const struct {
        uint64_t line_bytes;
        enum mm_memory_level level;
    } lines[] = {
        {config->critical_bytes, MM_LEVEL_CRITICAL},
        {config->low_bytes, MM_LEVEL_LOW},
        {config->moderate_bytes, MM_LEVEL_MODERATE},
        {config->purgeable_bytes, MM_LEVEL_PURGEABLE},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(lines); i++) {
        if (available_bytes <= lines[i].line_bytes)
            return lines[i].level;
    }
    return MM_LEVEL_NONE;
}

enum mm_memory_level mm_memory_level_decide(const struct mm_memory_level_config *config,
                                            uint64_t available_bytes, enum mm_memory_level previous)
{
    enum mm_memory_level level = level_of(config, available_bytes);

    if (level >= previous)
        return level;
    /* as if there were a little less */
    level = level_of(config, available_bytes / (100 + config->hysteresis_percent) * 100);
    return MM_MIN(level, previous);
}

bool mm_stall_is_sign(const struct mm_memory_level_config *config, const struct mm_event_stall *stall)
{
    const unsigned kinds =
        1U << MM_STALL_DIRECT_RECLAIM | 1U << MM_STALL_COMPACTION | 1U << MM_STALL_THROTTLED;

    return (kinds & 1U << stall->kind) && !stall->is_begin &&
           stall->length_ns >= config->stall_ms * MM_NS_PER_MS;
}

enum mm_memory_level mm_pressure_level_decide(const struct mm_memory_level_config *config,
                                              const struct mm_pressure_signs *signs, uint64_t now_ns,
                                              uint64_t *ret_until_ns)
{
    const struct {
        uint64_t seen_ns;
        int level;
    } rows[] = {
        {signs->some_ns, config->some_pressure_level},
        {signs->full_ns, config->full_pressure_level},
        {signs->stall_ns, config->stall_level},
    };
    int level = MM_LEVEL_NONE;

    *ret_until_ns = UINT64_MAX;
    for (size_t i = 0; i < MM_ARRAY_SIZE(rows); i++) {
        uint64_t until_ns = rows[i].seen_ns + config->pressure_hold_ms * MM_NS_PER_MS;

        if (rows[i].seen_ns == 0 || until_ns <= now_ns)
            continue;
        level = MM_MAX(level, rows[i].level);
        *ret_until_ns = MM_MIN(*ret_until_ns, until_ns);
    }
    return (enum mm_memory_level)level;
}

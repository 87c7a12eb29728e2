/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domain's memory from the limits above it; and OpenHarmony's own view of the machine's:
 *
 *   buffer_size:812
 *   recent_refault:17
 */
#include "kernel_interface/domain_memory.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t mm_domain_level_available(const struct mm_domain_level *level)
{
    if (level->limit_bytes == MM_UNLIMITED)
        return MM_UNLIMITED;
    /* Of what is dropped the excess of usage over the limit takes its part first. */
    return less(add_saturating(level->limit_bytes, level->droppable_bytes), level->usage_bytes);
}

size_t mm_domain_memory_tightest(const struct mm_domain_level *levels, size_t count, uint64_t available_bytes)
{
    size_t tightest = count;

    for (size_t i = 0; i < count; i++) {
        uint64_t level_bytes = mm_domain_level_available(&levels[i]);

        if (level_bytes >= available_bytes)
            continue;
        available_bytes = level_bytes;
        tightest = i;
    }
    return tightest;
}

static void apply_limit(const struct mm_domain_level *level, struct mm_memory_state *memory)
{
    uint64_t free_bytes;

    if (level->limit_bytes == MM_UNLIMITED)
        return;
    free_bytes = less(level->limit_bytes, level->usage_bytes);
    memory->total_bytes = MM_MIN(memory->total_bytes, level->limit_bytes);
    memory->free_bytes = MM_MIN(memory->free_bytes, free_bytes);
    memory->available_bytes = MM_MIN(memory->available_bytes, mm_domain_level_available(level));
}

static void apply_swap_limit(const struct mm_domain_level *level, struct mm_memory_state *memory)
{
    uint64_t total_bytes = level->swap_limit_bytes;
    uint64_t free_bytes;

    if (level->swap_limit_bytes == MM_UNLIMITED)
        return;
    if (level->counts_both && level->limit_bytes != MM_UNLIMITED)
        total_bytes = less(level->swap_limit_bytes, level->limit_bytes);
    free_bytes = less(level->swap_limit_bytes, level->swap_usage_bytes);
    memory->swap_total_bytes = MM_MIN(memory->swap_total_bytes, total_bytes);
    memory->swap_free_bytes = MM_MIN(memory->swap_free_bytes, MM_MIN(free_bytes, memory->swap_total_bytes));
}

void mm_domain_memory_apply(const struct mm_domain_level *levels, size_t count,
                            const struct mm_domain_pages *pages, struct mm_memory_state *memory)
{
    for (size_t i = 0; i < count; i++) {
        apply_limit(&levels[i], memory);
        apply_swap_limit(&levels[i], memory);
    }
    memory->file_bytes = pages->file_bytes;
    memory->anonymous_bytes = pages->anonymous_bytes;
}

int mm_zswapd_buffer_parse_line(const char *line, size_t length, void *user)
{
    static const char name[] = "buffer_size:";
    const size_t name_length = sizeof(name) - 1;
    const char *cursor = line + name_length;
    uint64_t *ret_available_bytes = (uint64_t *)user;
    uint64_t megabytes, bytes;
    int r;

    if (length < name_length || memcmp(line, name, name_length) != 0)
        return 0;
    r = mm_scan_figure(&cursor, line + length, &megabytes);
    if (r < 0)
        return r;
    if (__builtin_mul_overflow(megabytes, MM_MIB, &bytes))
        return -ERANGE;
    *ret_available_bytes = bytes;
    return 0;
}

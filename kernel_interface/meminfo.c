/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/meminfo:
 *
 *   MemTotal:       24684096 kB
 *   MemFree:        24306600 kB
 *   MemAvailable:   24345588 kB
 *   Active(file):      81856 kB
 *   HugePages_Total:       0
 */
#include "kernel_interface/system_files.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

#define FIGURE(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct mm_meminfo, field), MM_KIB, false                                              \
    }

static const struct mm_key keys[] = {
    FIGURE("MemTotal", total),
    FIGURE("MemFree", free),
    FIGURE("MemAvailable", available),
    FIGURE("Active(file)", active_file),
    FIGURE("Inactive(file)", inactive_file),
    FIGURE("SwapTotal", swap_total),
    FIGURE("SwapFree", swap_free),
    FIGURE("AnonPages", anonymous),
};

static const struct mm_key_table table = {keys, MM_ARRAY_SIZE(keys)};

void mm_meminfo_begin(struct mm_meminfo *meminfo)
{
    memset(meminfo, 0xff, sizeof(*meminfo)); /* every figure MM_UNKNOWN */
}

int mm_meminfo_parse_line(const char *line, size_t length, void *user)
{
    int r = mm_key_line(&table, line, length, user);

    return r < 0 ? r : 0;
}

static uint64_t known_or_zero(uint64_t figure)
{
    return figure == MM_UNKNOWN ? 0 : figure;
}

int mm_meminfo_end(const struct mm_meminfo *meminfo, struct mm_memory_state *ret_memory)
{
    uint64_t file_bytes;

    if (meminfo->total == MM_UNKNOWN || meminfo->free == MM_UNKNOWN || meminfo->available == MM_UNKNOWN)
        return -ENODATA;
    if (__builtin_add_overflow(known_or_zero(meminfo->active_file), known_or_zero(meminfo->inactive_file),
                               &file_bytes))
        return -ERANGE;
    *ret_memory = (struct mm_memory_state){
        .total_bytes = meminfo->total,
        .available_bytes = meminfo->available,
        .free_bytes = meminfo->free,
        .file_bytes = file_bytes,
        .anonymous_bytes = known_or_zero(meminfo->anonymous),
        .swap_total_bytes = known_or_zero(meminfo->swap_total), /* no line without CONFIG_SWAP */
        .swap_free_bytes = known_or_zero(meminfo->swap_free),
    };
    return 0;
}

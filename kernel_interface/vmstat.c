/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/vmstat:
 *
 *   nr_free_pages 958177
 *   workingset_refault_anon 0
 *   workingset_refault_file 280220
 *   allocstall_normal 0
 *   pgscan_direct 0
 *   pgscan_direct_throttle 0
 */
#include "kernel_interface/system_files.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

#define COUNTER(name, field)                                                                                 \
    {                                                                                                        \
        name, offsetof(struct mm_vmstat, field), 1, false                                                    \
    }
#define SUMMED(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct mm_vmstat, field), 1, true                                                     \
    }

static const struct mm_key keys[] = {
    COUNTER("nr_free_pages", free_pages),
    COUNTER("nr_inactive_file", inactive_file_pages),
    COUNTER("nr_active_file", active_file_pages),
    COUNTER("workingset_refault_anon", refault_anonymous),
    COUNTER("workingset_refault_file", refault_file),
    COUNTER("workingset_refault", refault_file), /* before 5.9 */
    COUNTER("pgscan_kswapd", scan_kswapd),
    COUNTER("pgscan_direct", scan_direct),
    COUNTER("pgrefill", refill),
    SUMMED("allocstall", allocation_stalls), /* before 4.10 */
    SUMMED("allocstall_dma", allocation_stalls),
    SUMMED("allocstall_dma32", allocation_stalls),
    SUMMED("allocstall_normal", allocation_stalls),
    SUMMED("allocstall_high", allocation_stalls),
    SUMMED("allocstall_movable", allocation_stalls),
    SUMMED("allocstall_device", allocation_stalls),
    COUNTER("oom_kill", oom_kills),
};

static const struct mm_key_table table = {keys, MM_ARRAY_SIZE(keys)};

void mm_vmstat_begin(struct mm_vmstat *vmstat)
{
    memset(vmstat, 0xff, sizeof(*vmstat)); /* every counter MM_UNKNOWN */
}

int mm_vmstat_parse_line(const char *line, size_t length, void *user)
{
    int r = mm_key_line(&table, line, length, user);

    return r < 0 ? r : 0;
}

int mm_vmstat_end(const struct mm_vmstat *vmstat)
{
    return vmstat->free_pages == MM_UNKNOWN ? -ENODATA : 0;
}

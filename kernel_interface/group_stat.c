/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.stat, in bytes. v2 counts the subtree; v1 does so in its lines that begin with "total_":
 *
 *   v2: anon 25968640            v1: rss 13725696
 *       file 429002752               total_rss 25968640
 *       file_dirty 143360            total_dirty 143360
 *       file_writeback 0             total_writeback 0
 *       inactive_file 129818624      total_inactive_file 129818624
 *       active_file 290185216        total_active_file 290185216
 */
#include "kernel_interface/group.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

/* The kernel hands out some 3 KiB; a longer file comes in pieces. */
#define STAT_BUFFER_SIZE 4096U

#define FIGURE(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct mm_group_stat, field), 1, false                                                \
    }

static const struct mm_key v1_keys[] = {
    FIGURE("total_active_file", active_file),
    FIGURE("total_inactive_file", inactive_file),
    FIGURE("total_dirty", dirty),
    FIGURE("total_writeback", writeback),
    FIGURE("total_rss", anonymous),
    FIGURE("total_swap", swap),
};

static const struct mm_key v2_keys[] = {
    FIGURE("active_file", active_file), FIGURE("inactive_file", inactive_file),
    FIGURE("file_dirty", dirty),        FIGURE("file_writeback", writeback),
    FIGURE("anon", anonymous),
};

static const struct mm_key_table v1_table = {v1_keys, MM_ARRAY_SIZE(v1_keys)};
static const struct mm_key_table v2_table = {v2_keys, MM_ARRAY_SIZE(v2_keys)};

void mm_group_stat_begin(struct mm_group_stat *stat)
{
    memset(stat, 0xff, sizeof(*stat)); /* every figure MM_UNKNOWN */
}

int mm_group_stat_parse_line_v1(const char *line, size_t length, void *user)
{
    int r = mm_key_line(&v1_table, line, length, user);

    return r < 0 ? r : 0;
}

int mm_group_stat_parse_line_v2(const char *line, size_t length, void *user)
{
    int r = mm_key_line(&v2_table, line, length, user);

    return r < 0 ? r : 0;
}

static void take_away(uint64_t *bytes, uint64_t part)
{
    if (part == MM_UNKNOWN)
        return;
    *bytes -= MM_MIN(*bytes, part);
}

int mm_group_stat_droppable(const struct mm_group_stat *stat, uint64_t *ret_bytes)
{
    uint64_t bytes;

    if (stat->active_file == MM_UNKNOWN || stat->inactive_file == MM_UNKNOWN)
        return -ENODATA;
    if (__builtin_add_overflow(stat->active_file, stat->inactive_file, &bytes))
        return -ERANGE;
    take_away(&bytes, stat->dirty);
    take_away(&bytes, stat->writeback);
    *ret_bytes = bytes;
    return 0;
}

int mm_group_read_stat(struct mm_group *group, struct mm_group_stat *ret_stat)
{
    char buffer[STAT_BUFFER_SIZE];
    struct mm_group_stat stat;
    int r;

    mm_group_stat_begin(&stat);
    r = mm_hot_file_lines(&group->files[MM_GROUP_FILE_STAT], buffer, sizeof(buffer),
                          group->is_v2 ? mm_group_stat_parse_line_v2 : mm_group_stat_parse_line_v1, &stat);
    if (r < 0)
        return mm_group_file_error(group->directory_fd, r);
    *ret_stat = stat;
    return 0;
}

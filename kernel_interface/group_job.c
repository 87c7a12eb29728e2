/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reclaim in chunks. memory.reclaim does it exactly; where it is missing a limit is lowered below usage,
 * which makes the kernel reclaim in the writer, and put back at once. v1 sets its limit only when usage has
 * come below it, so nobody is killed; v2's memory.high kills nobody at all.
 */
#include "kernel_interface/group_job.h"

#include "common/common.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* What is put back may be interrupted by the signals that cancel the job, one every millisecond: this many
   attempts outlast any of them. */
#define RESTORE_ATTEMPTS 1000

/* A group smaller than this is not squeezed by its limit: the kernel charges in batches of 64 pages a CPU. */
#define SMALLEST_TARGET_BYTES MM_MIB

static int write_reclaim(const struct mm_group *group, uint64_t bytes)
{
    char text[32];
    size_t length = mm_format(text, sizeof(text), "%llu", (unsigned long long)bytes);

    return mm_write_file(group->directory_fd, "memory.reclaim", 0, text, length);
}

static enum mm_group_value squeezed_value(const struct mm_group *group)
{
    return group->is_v2 ? MM_GROUP_HIGH : MM_GROUP_MAX;
}

/* Puts the limit back, unless somebody else has written it meanwhile: then it is theirs. */
static int restore_limit(const struct mm_group *group, uint64_t old_bytes, uint64_t written_bytes)
{
    enum mm_group_value value = squeezed_value(group);
    uint64_t present_bytes;
    int r = -EINTR;

    if (mm_group_read_file(group, mm_group_limit_file(value), &present_bytes) == 0 &&
        present_bytes != written_bytes)
        return 0;
    for (int attempt = 0; attempt < RESTORE_ATTEMPTS && r == -EINTR; attempt++)
        r = mm_group_write(group, value, 0, old_bytes);
    if (r < 0 && r != -ENODEV)
        mm_error("group %s: a limit lowered for reclaim could not be put back: %s", group->path,
                 strerror(-r));
    return r;
}

static int squeeze_by_limit(const struct mm_group *group, uint64_t bytes)
{
    enum mm_group_value value = squeezed_value(group);
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t old_bytes, target_bytes;
    uint64_t usage_bytes = 0;
    int restored, r;

    r = mm_group_read_file(group, mm_group_limit_file(value), &old_bytes);
    if (r == 0)
        r = mm_group_read_file(group, MM_GROUP_FILE_CURRENT, &usage_bytes);
    if (r < 0)
        return r;
    target_bytes = usage_bytes > bytes ? usage_bytes - bytes : 0;
    target_bytes = MM_MAX(target_bytes, SMALLEST_TARGET_BYTES) / page_bytes * page_bytes;
    if (target_bytes >= usage_bytes || target_bytes >= old_bytes)
        return -EAGAIN;
    r = mm_group_write(group, value, 0, target_bytes);
    restored = restore_limit(group, old_bytes, target_bytes);
    if (r == -EBUSY)
        r = -EAGAIN; /* v1's word for: there was not as much to reclaim */
    return r < 0 ? r : restored;
}

static int squeeze(const struct mm_group *group, uint64_t bytes)
{
    int r = group->is_v2 ? write_reclaim(group, bytes) : -ENOENT;

    return r == -ENOENT ? squeeze_by_limit(group, bytes) : r;
}

static bool is_cancelled(const struct mm_group_job_settings *settings)
{
    return settings->is_cancelled && settings->is_cancelled(settings->user);
}

static int run_reclaim(const struct mm_group_job_settings *settings, const struct mm_job *job)
{
    uint64_t left_bytes = job->bytes;

    while (left_bytes > 0) {
        uint64_t chunk_bytes = MM_MIN(left_bytes, settings->chunk_bytes);
        int r;

        if (is_cancelled(settings))
            return -EINTR;
        r = squeeze(job->group, chunk_bytes);
        if (r < 0)
            return r;
        left_bytes -= chunk_bytes;
    }
    return 0;
}

int mm_group_job_run(const struct mm_group_job_settings *settings, const struct mm_job *job,
                     uint64_t *ret_bytes)
{
    uint64_t before = 0, after = 0;
    bool is_measured = mm_group_read_file(job->group, MM_GROUP_FILE_CURRENT, &before) == 0;
    int r = -EINVAL;

    if (is_cancelled(settings))
        return -EINTR;
    switch (job->kind) {
    case MM_JOB_RECLAIM:
        r = run_reclaim(settings, job);
        break;
    case MM_JOB_SET_VALUE:
        r = mm_group_write(job->group, job->value, 0, job->bytes);
        break;
    }
    if (is_measured && mm_group_read_file(job->group, MM_GROUP_FILE_CURRENT, &after) == 0)
        *ret_bytes = before > after ? before - after : 0;
    return r;
}

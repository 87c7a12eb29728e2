/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reclaim in chunks. memory.reclaim does it exactly; where it is missing a limit is lowered below usage,
 * which makes the kernel reclaim in the writer, and put back at once. v1 sets its limit only when usage has
 * come below it, so nobody is killed; v2's memory.high kills nobody at all.
 */
#include "kernel_interface/group_job.h"

#include "common/common.h"
#include "kernel_interface/inotify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

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

/* Puts the limit back, unless somebody else has written it meanwhile: -EAGAIN, it is theirs. */
static int restore_limit(const struct mm_group *group, uint64_t old_bytes, uint64_t written_bytes)
{
    enum mm_group_value value = squeezed_value(group);
    uint64_t present_bytes;
    int r = -EINTR;

    if (mm_group_read_file(group, mm_group_limit_file(value), &present_bytes) == 0 &&
        present_bytes != written_bytes)
        return present_bytes == old_bytes ? 0 : -EAGAIN;
    for (int attempt = 0; attempt < RESTORE_ATTEMPTS && r == -EINTR; attempt++)
        r = mm_group_write(group, value, 0, old_bytes);
    if (r < 0 && r != -ENODEV)
        mm_error("group %s: a limit lowered for reclaim could not be put back: %s", group->path,
                 strerror(-r));
    return r;
}

/* v1 may be at it for long before the limit is set, over whatever somebody else wrote meanwhile: their write
   ends ours. -1: it cannot be noticed here. */
static int watch_writes(const struct mm_group_job_settings *settings, const struct mm_group *group)
{
    struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};
    MM_CLEANUP_CLOSE int fd = settings->interrupt_signal > 0 ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;

    if (fd < 0)
        return -1;
    if (mm_inotify_add(fd, group->directory_fd, group->files[mm_group_limit_file(squeezed_value(group))].path,
                       IN_MODIFY) < 0 ||
        fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, settings->interrupt_signal) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)
        return -1;
    return mm_take_fd(&fd);
}

/* Opening is a change of the file, too, to whoever watches it: ours is not to be taken for somebody else's. */
static int open_limit(const struct mm_group *group, int watch_fd)
{
    const char *name = group->files[mm_group_limit_file(squeezed_value(group))].path;
    int fd = openat(group->directory_fd, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    int error = fd < 0 ? -errno : 0;
    char events[512];

    while (watch_fd >= 0 && read(watch_fd, events, sizeof(events)) > 0)
        continue;
    return fd < 0 ? mm_group_file_error(group->directory_fd, error) : fd;
}

static int write_limit(const struct mm_group *group, int fd, uint64_t bytes)
{
    char text[32];
    size_t length = mm_format(text, sizeof(text), "%llu", (unsigned long long)bytes);

    return write(fd, text, length) < 0 ? mm_group_file_error(group->directory_fd, -errno) : 0;
}

/* What is written between the last look and the write, a few instructions, is not seen. */
static int lower(const struct mm_group_job_settings *settings, const struct mm_group *group,
                 uint64_t old_bytes, uint64_t target_bytes)
{
    MM_CLEANUP_CLOSE int watch_fd = watch_writes(settings, group);
    MM_CLEANUP_CLOSE int fd = open_limit(group, watch_fd);
    uint64_t present_bytes;

    if (fd < 0)
        return fd;
    if (mm_group_read_file(group, mm_group_limit_file(squeezed_value(group)), &present_bytes) == 0 &&
        present_bytes != old_bytes)
        return -EAGAIN;
    return write_limit(group, fd, target_bytes);
}

static int lower_and_restore(const struct mm_group_job_settings *settings, const struct mm_group *group,
                             uint64_t old_bytes, uint64_t target_bytes, struct mm_lowered_limit *record)
{
    int restored, r;

    mm_lowered_limit_set(record, old_bytes, target_bytes);
    r = lower(settings, group, old_bytes, target_bytes);
    restored = restore_limit(group, old_bytes, target_bytes);
    if (restored == 0)
        mm_lowered_limit_clear(record);
    /* EBUSY is v1's word for: there was not as much to reclaim */
    if (r == -EBUSY || (r == -EINTR && restored == -EAGAIN))
        r = -EAGAIN;
    return r < 0 ? r : restored;
}

static int squeeze_by_limit(const struct mm_group_job_settings *settings, const struct mm_group *group,
                            uint64_t bytes, struct mm_lowered_limit *record)
{
    enum mm_group_value value = squeezed_value(group);
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t old_bytes, target_bytes;
    uint64_t usage_bytes = 0;
    int r;

    r = mm_group_read_file(group, mm_group_limit_file(value), &old_bytes);
    if (r == 0)
        r = mm_group_read_file(group, MM_GROUP_FILE_CURRENT, &usage_bytes);
    if (r < 0)
        return r;
    target_bytes = usage_bytes > bytes ? usage_bytes - bytes : 0;
    target_bytes = MM_MAX(target_bytes, SMALLEST_TARGET_BYTES) / page_bytes * page_bytes;
    if (target_bytes >= usage_bytes || target_bytes >= old_bytes)
        return -EAGAIN;
    return lower_and_restore(settings, group, old_bytes, target_bytes, record);
}

static int squeeze(const struct mm_group_job_settings *settings, const struct mm_group *group, uint64_t bytes,
                   struct mm_lowered_limit *record)
{
    int r = group->is_v2 ? write_reclaim(group, bytes) : -ENOENT;

    return r == -ENOENT ? squeeze_by_limit(settings, group, bytes, record) : r;
}

static bool is_cancelled(const struct mm_group_job_settings *settings)
{
    return settings->is_cancelled && settings->is_cancelled(settings->user);
}

static int run_reclaim(const struct mm_group_job_settings *settings, const struct mm_job *job)
{
    uint64_t left_bytes = job->bytes;
    struct mm_lowered_limit unasked = {0};

    while (left_bytes > 0) {
        uint64_t chunk_bytes = MM_MIN(left_bytes, settings->chunk_bytes);
        int r;

        if (is_cancelled(settings))
            return -EINTR;
        r = squeeze(settings, job->group, chunk_bytes, job->lowered ? job->lowered : &unasked);
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

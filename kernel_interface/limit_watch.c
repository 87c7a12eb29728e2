/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/limit_watch.h"

#include "common/common.h"
#include "kernel_interface/inotify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Any will do: what is in it is not looked at. */
#define BUFFER_BYTES 4096
/* The queue as the kernel bounds it; what a writer that does not stop adds meanwhile is ready again. */
#define READS_MAX 64

static const enum mm_group_file limit_files[] = {MM_GROUP_FILE_MAX, MM_GROUP_FILE_SWAP_MAX};

struct mm_limit_watch {
    int inotify_fd;
    unsigned count;
    struct limits {
        struct mm_group *group;
        uint64_t bytes[MM_ARRAY_SIZE(limit_files)]; /* as last taken */
    } levels[];
};

/* A limit that is not there is none. */
static int read_limits(const struct limits *level, uint64_t *ret_bytes)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(limit_files); i++) {
        int r = mm_group_read_number(level->group, limit_files[i], &ret_bytes[i]);

        if (r == -EOPNOTSUPP)
            ret_bytes[i] = MM_UNLIMITED;
        else if (r < 0)
            return r;
    }
    return 0;
}

/* How many files are watched. */
static int watch_level(const struct mm_limit_watch *watch, const struct mm_group *group)
{
    int count = 0;

    for (size_t i = 0; i < MM_ARRAY_SIZE(limit_files); i++) {
        int wd = mm_inotify_add(watch->inotify_fd, group->directory_fd, group->files[limit_files[i]].path,
                                IN_MODIFY);

        if (wd < 0 && wd != -ENOENT)
            return wd;
        count += wd >= 0;
    }
    return count;
}

/* Of a group that is removed only the directory that it was in tells. */
static int watch_removal(const struct mm_limit_watch *watch)
{
    int wd;

    if (watch->count < 2)
        return 0;
    wd = mm_inotify_add(watch->inotify_fd, watch->levels[1].group->directory_fd, "", IN_DELETE | IN_ONLYDIR);
    return MM_MIN(wd, 0);
}

static int begin(struct mm_limit_watch *watch, struct mm_group *const *groups)
{
    int r, file_count = 0;

    watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->inotify_fd < 0)
        return -errno;
    for (unsigned i = 0; i < watch->count; i++) {
        watch->levels[i].group = groups[i];
        r = watch_level(watch, groups[i]);
        if (r < 0)
            return r;
        file_count += r;
    }
    if (file_count == 0)
        return -EOPNOTSUPP;
    r = watch_removal(watch);
    /* behind the watches, so that nothing is missed in between */
    for (unsigned i = 0; i < watch->count && r == 0; i++)
        r = read_limits(&watch->levels[i], watch->levels[i].bytes);
    return r;
}

int mm_limit_watch_new(struct mm_group *const *levels, unsigned count, struct mm_limit_watch **ret_watch)
{
    struct mm_limit_watch *watch =
        (struct mm_limit_watch *)calloc(1, sizeof(*watch) + count * sizeof(watch->levels[0]));
    int r;

    if (!watch)
        return -ENOMEM;
    watch->count = count;
    r = begin(watch, levels);
    if (r < 0) {
        mm_limit_watch_free(watch);
        return r;
    }
    *ret_watch = watch;
    return 0;
}

void mm_limit_watch_free(struct mm_limit_watch *watch)
{
    if (!watch)
        return;
    if (watch->inotify_fd >= 0)
        (void)close(watch->inotify_fd);
    free(watch);
}

int mm_limit_watch_fd(const struct mm_limit_watch *watch)
{
    return watch->inotify_fd;
}

int mm_limit_watch_take(struct mm_limit_watch *watch)
{
    char buffer[BUFFER_BYTES];
    int result = 0;

    for (int reads = 0; reads < READS_MAX && read(watch->inotify_fd, buffer, sizeof(buffer)) > 0; reads++)
        continue;
    for (unsigned i = 0; i < watch->count; i++) {
        struct limits *level = &watch->levels[i];
        uint64_t bytes[MM_ARRAY_SIZE(limit_files)];
        int r = read_limits(level, bytes);

        if (r < 0)
            return r;
        if (memcmp(bytes, level->bytes, sizeof(bytes)) == 0)
            continue;
        memcpy(level->bytes, bytes, sizeof(bytes));
        result = 1;
    }
    return result;
}

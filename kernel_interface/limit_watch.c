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

/* What is written to it takes away, and makes anew, the files of the groups below: of v2 alone. */
#define CONTROL_FILE "cgroup.subtree_control"

struct limits {
    struct mm_group *group;
    int limit_wds[MM_ARRAY_SIZE(limit_files)]; /* -1: no such file */
    int control_wd;
    uint64_t bytes[MM_ARRAY_SIZE(limit_files)]; /* as last taken */
};

struct mm_limit_watch {
    int inotify_fd;
    unsigned count;
    struct limits levels[];
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

/* Of a file that is watched already the kernel gives the same number. 1: it is another by now, or there is none. */
static int watch_file(const struct mm_limit_watch *watch, const struct mm_group *group, const char *file,
                      int *wd)
{
    int now_wd = mm_inotify_add(watch->inotify_fd, group->directory_fd, file, IN_MODIFY);

    if (now_wd < 0 && now_wd != -ENOENT)
        return now_wd;
    now_wd = MM_MAX(now_wd, -1);
    if (now_wd == *wd)
        return 0;
    if (*wd >= 0)
        (void)inotify_rm_watch(watch->inotify_fd, *wd);
    *wd = now_wd;
    return 1;
}

static int watch_level(const struct mm_limit_watch *watch, struct limits *level)
{
    struct mm_group *group = level->group;
    int r = 0;

    for (size_t i = 0; i < MM_ARRAY_SIZE(limit_files) && r >= 0; i++) {
        struct mm_hot_file *file = &group->files[limit_files[i]];

        r = watch_file(watch, group, file->path, &level->limit_wds[i]);
        if (r > 0)
            mm_hot_file_close(file); /* the next reading opens what is there now */
    }
    /* that of the domain's own group is about those below it */
    if (r >= 0 && level != watch->levels)
        r = watch_file(watch, group, CONTROL_FILE, &level->control_wd);
    return MM_MIN(r, 0);
}

/* A watch belongs to a file as it is, and nothing tells that the file is gone: kernfs sends no IN_IGNORED (as of 6.18).
   So whatever came, each is asked for anew. */
static int watch_all(struct mm_limit_watch *watch)
{
    int r = 0;

    for (unsigned i = 0; i < watch->count && r == 0; i++)
        r = watch_level(watch, &watch->levels[i]);
    return r;
}

static bool has_limits(const struct mm_limit_watch *watch)
{
    for (unsigned i = 0; i < watch->count; i++) {
        for (size_t k = 0; k < MM_ARRAY_SIZE(limit_files); k++) {
            if (watch->levels[i].limit_wds[k] >= 0)
                return true;
        }
    }
    return false;
}

static int begin(struct mm_limit_watch *watch, struct mm_group *const *groups)
{
    int r;

    watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->inotify_fd < 0)
        return -errno;
    for (unsigned i = 0; i < watch->count; i++)
        watch->levels[i] = (struct limits){.group = groups[i], .limit_wds = {-1, -1}, .control_wd = -1};
    r = watch_all(watch);
    if (r == 0 && !has_limits(watch))
        r = -EOPNOTSUPP;
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
    int result = watch_all(watch);

    if (result < 0)
        return result;
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

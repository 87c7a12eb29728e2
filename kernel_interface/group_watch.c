/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/group_watch.h"

#include "common/common.h"
#include "kernel_interface/directory.h"
#include "kernel_interface/inotify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

/* Of a directory: groups in it, and who writes to its files. A directory watch hears nothing of changes that the kernel
   makes by itself: those of cgroup.events need a watch of their own. */
#define DIRECTORY_EVENTS (IN_CREATE | IN_DELETE | IN_MODIFY | IN_ONLYDIR)
/* Deeper ones are not heard; a tree of that depth is refused elsewhere, too. */
#define DEPTH_MAX 32
/* inotify's longest message is below 300 bytes. */
#define BUFFER_BYTES 4096

struct watched_group {
    int directory_wd;
    int events_wd; /* -1: there is no cgroup.events, as on v1 */
    uint64_t id;   /* inode of the directory */
    bool is_populated, is_frozen;
    unsigned depth;
    UT_hash_handle by_directory, by_events;
    char path[]; /* below the top; "": the top */
};

struct mm_group_watch {
    int inotify_fd, top_fd;
    unsigned count;
    bool is_overfull; /* it was said */
    struct watched_group *by_directory, *by_events;
    mm_group_change_visit visit; /* while reading; NULL while the tree is first looked through */
    void *user;
};

int mm_group_events_parse(const char *text, bool *ret_is_populated, bool *ret_is_frozen)
{
    static const char populated_key[] = "populated ", frozen_key[] = "frozen ";
    const char *populated = strstr(text, populated_key), *frozen = strstr(text, frozen_key);

    if (!populated)
        return -EINVAL;
    *ret_is_populated = populated[sizeof(populated_key) - 1] == '1';
    *ret_is_frozen = frozen && frozen[sizeof(frozen_key) - 1] == '1';
    return 0;
}

static void tell(const struct mm_group_watch *watch, const struct watched_group *group,
                 enum mm_group_change change)
{
    const char *slash = strrchr(group->path, '/');

    if (watch->visit)
        watch->visit(group->id, change, slash ? slash + 1 : group->path, watch->user);
}

/* ---- groups --------------------------------------------------------------------------------------------- */

static void forget(struct mm_group_watch *watch, struct watched_group *group)
{
    HASH_DELETE(by_directory, watch->by_directory, group);
    if (group->events_wd >= 0)
        HASH_DELETE(by_events, watch->by_events, group);
    /* gone already where the group is */
    (void)inotify_rm_watch(watch->inotify_fd, group->directory_wd);
    if (group->events_wd >= 0)
        (void)inotify_rm_watch(watch->inotify_fd, group->events_wd);
    watch->count--;
    free(group);
}

static int open_group(const struct mm_group_watch *watch, const char *path)
{
    int fd = openat(watch->top_fd, path[0] ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return fd < 0 ? -errno : fd;
}

static void read_events(struct mm_group_watch *watch, struct watched_group *group)
{
    int directory_fd = open_group(watch, group->path);
    bool was_populated = group->is_populated, was_frozen = group->is_frozen;
    char text[256];
    ssize_t length = -1;
    int fd = -1;

    if (directory_fd >= 0)
        fd = openat(directory_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        length = read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    if (directory_fd >= 0)
        (void)close(directory_fd);
    if (length < 0)
        return;
    text[length] = '\0';
    if (mm_group_events_parse(text, &group->is_populated, &group->is_frozen) < 0)
        return;
    if (group->is_populated != was_populated)
        tell(watch, group, group->is_populated ? MM_GROUP_POPULATED : MM_GROUP_EMPTY);
    /* frozen as before: while somebody comes it is not, until he stands still, too */
    if (group->is_frozen || was_frozen)
        tell(watch, group, group->is_frozen ? MM_GROUP_FROZEN : MM_GROUP_THAWED);
}

static void note_overfull(struct mm_group_watch *watch, int error)
{
    if (!watch->is_overfull)
        mm_warning("not all control groups are watched: %u are, then: %s", watch->count, strerror(-error));
    watch->is_overfull = true;
}

static int add_tree(struct mm_group_watch *watch, const char *path, unsigned depth);

struct descent {
    struct mm_group_watch *watch;
    const char *path;
    unsigned depth;
};

static int add_child(int directory_fd, const char *name, unsigned char type, void *user)
{
    const struct descent *descent = user;
    char path[MM_GROUP_PATH_MAX];

    (void)directory_fd;
    if (type != DT_DIR)
        return 0;
    if (mm_format(path, sizeof(path), "%s%s%s", descent->path, descent->path[0] ? "/" : "", name) <
        sizeof(path) - 1)
        (void)add_tree(descent->watch, path, descent->depth + 1);
    return 0;
}

/* A new node for the open directory, told of when somebody reads. Its errors are those of inotify. */
static int add_group(struct mm_group_watch *watch, int directory_fd, const char *path, unsigned depth)
{
    int wd = mm_inotify_add(watch->inotify_fd, directory_fd, "", DIRECTORY_EVENTS);
    struct watched_group *group;
    struct stat status;

    if (wd < 0)
        return wd;
    HASH_FIND(by_directory, watch->by_directory, &wd, sizeof(wd), group);
    /* the message about it and the look through its parent both found it */
    if (group)
        return -EEXIST;
    group = calloc(1, sizeof(*group) + strlen(path) + 1);
    if (!group || fstat(directory_fd, &status) < 0) {
        (void)inotify_rm_watch(watch->inotify_fd, wd);
        free(group);
        return -ENOMEM;
    }
    *group = (struct watched_group){.directory_wd = wd, .id = status.st_ino, .depth = depth};
    memcpy(group->path, path, strlen(path) + 1);
    group->events_wd = mm_inotify_add(watch->inotify_fd, directory_fd, "cgroup.events", IN_MODIFY);
    HASH_ADD(by_directory, watch->by_directory, directory_wd, sizeof(group->directory_wd), group);
    if (group->events_wd >= 0)
        HASH_ADD(by_events, watch->by_events, events_wd, sizeof(group->events_wd), group);
    else
        group->events_wd = -1;
    watch->count++;
    if (path[0])
        tell(watch, group, MM_GROUP_CREATED);
    if (group->events_wd >= 0)
        read_events(watch, group);
    return 0;
}

/* The group and all below it: those that were made before the watch was there are looked for behind it. */
static int add_tree(struct mm_group_watch *watch, const char *path, unsigned depth)
{
    struct descent descent = {.watch = watch, .path = path, .depth = depth};
    int fd, result;

    if (watch->count >= MM_GROUP_WATCH_MAX || depth > DEPTH_MAX) {
        note_overfull(watch, -E2BIG);
        return -E2BIG;
    }
    fd = open_group(watch, path);
    if (fd < 0)
        return fd;
    result = add_group(watch, fd, path, depth);
    if (result == -ENOSPC || result == -ENOMEM)
        note_overfull(watch, result);
    if (result == 0)
        (void)mm_each_entry(fd, add_child, &descent);
    (void)close(fd);
    return result;
}

/* ---- what inotify says ---------------------------------------------------------------------------------- */

static void remove_below(struct mm_group_watch *watch, const char *path)
{
    const size_t length = strlen(path);
    struct watched_group *group, *next;

    HASH_ITER(by_directory, watch->by_directory, group, next)
    {
        if (strncmp(group->path, path, length) == 0 &&
            (group->path[length] == '\0' || group->path[length] == '/')) {
            tell(watch, group, MM_GROUP_REMOVED);
            forget(watch, group);
        }
    }
}

static void take_directory_event(struct mm_group_watch *watch, const struct watched_group *group,
                                 const struct inotify_event *event)
{
    char path[MM_GROUP_PATH_MAX];
    const char *name = event->len > 0 ? event->name : "";

    if (event->mask & IN_MODIFY) {
        if (strcmp(name, "cgroup.procs") == 0 || strcmp(name, "tasks") == 0)
            tell(watch, group, MM_GROUP_ENTERED);
        return;
    }
    if (!(event->mask & IN_ISDIR) || mm_format(path, sizeof(path), "%s%s%s", group->path,
                                               group->path[0] ? "/" : "", name) >= sizeof(path) - 1)
        return;
    /* under the same name there may be another group by now: that one is another */
    remove_below(watch, path);
    if (event->mask & IN_CREATE)
        (void)add_tree(watch, path, group->depth + 1);
}

static void take_event(struct mm_group_watch *watch, const struct inotify_event *event)
{
    struct watched_group *group;

    HASH_FIND(by_directory, watch->by_directory, &event->wd, sizeof(event->wd), group);
    if (group && (event->mask & IN_IGNORED)) {
        tell(watch, group, MM_GROUP_REMOVED);
        forget(watch, group);
        return;
    }
    if (group) {
        take_directory_event(watch, group, event);
        return;
    }
    HASH_FIND(by_events, watch->by_events, &event->wd, sizeof(event->wd), group);
    if (group && (event->mask & IN_MODIFY))
        read_events(watch, group);
}

static int take_events(struct mm_group_watch *watch, const char *buffer, size_t length)
{
    struct inotify_event event;

    for (size_t offset = 0; offset + sizeof(event) <= length; offset += sizeof(event) + event.len) {
        _Alignas(struct inotify_event) char whole[BUFFER_BYTES];

        memcpy(&event, buffer + offset, sizeof(event));
        if (event.mask & IN_Q_OVERFLOW)
            return -EOVERFLOW;
        memcpy(whole, buffer + offset, sizeof(event) + event.len);
        take_event(watch, (const struct inotify_event *)whole);
    }
    return 0;
}

int mm_group_watch_read(struct mm_group_watch *watch, mm_group_change_visit visit, void *user)
{
    char buffer[BUFFER_BYTES];
    int result = 0;

    watch->visit = visit;
    watch->user = user;
    while (result == 0) {
        ssize_t length = read(watch->inotify_fd, buffer, sizeof(buffer));

        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0) {
            result = length < 0 && errno != EAGAIN ? -errno : 0;
            break;
        }
        result = take_events(watch, buffer, (size_t)length);
    }
    watch->visit = NULL;
    return result;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

int mm_group_watch_new(int top_fd, struct mm_group_watch **ret_watch)
{
    struct mm_group_watch *watch = calloc(1, sizeof(*watch));
    int result;

    if (!watch)
        return -ENOMEM;
    watch->top_fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 0);
    watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    result = watch->top_fd < 0 || watch->inotify_fd < 0 ? -errno : add_tree(watch, "", 0);
    if (result < 0) {
        mm_group_watch_free(watch);
        return result;
    }
    *ret_watch = watch;
    return 0;
}

void mm_group_watch_free(struct mm_group_watch *watch)
{
    struct watched_group *group, *next;

    if (!watch)
        return;
    group = watch->by_directory;
    HASH_CLEAR(by_events, watch->by_events);
    HASH_CLEAR(by_directory, watch->by_directory);
    for (; group; group = next) {
        next = group->by_directory.next;
        free(group);
    }
    if (watch->inotify_fd >= 0)
        (void)close(watch->inotify_fd);
    if (watch->top_fd >= 0)
        (void)close(watch->top_fd);
    free(watch);
}

int mm_group_watch_fd(const struct mm_group_watch *watch)
{
    return watch->inotify_fd;
}

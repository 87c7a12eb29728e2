/* SPDX-License-Identifier: Apache-2.0 */
/* From paths to the directories in which their changes show. */
#include "event_center/watch_set.h"

#include "common/common.h"
#include "common/slow_close.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A name that appears, changes or goes, and the end of the directory itself. A file that is made is not complete before
   it is closed; but a link is, and a directory. */
#define EVENTS                                                                                               \
    (IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |     \
     IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)
/* As the kernel. */
#define LINKS_MAX 40

static bool is_entry(const struct mm_watch_set *set, const char *name)
{
    size_t length = strlen(name), suffix = strlen(set->suffix);

    return name[0] != '.' && length > suffix && strcmp(name + length - suffix, set->suffix) == 0;
}

/* NULL, every name, includes those that end in the suffix. */
static bool is_covered(const struct mm_watch_set *set, const struct mm_watch_place *place, int descriptor,
                       const char *name)
{
    if (place->descriptor != descriptor)
        return false;
    if (!place->name)
        return !name || is_entry(set, name);
    return name && strcmp(name, place->name) == 0;
}

static int add_place(struct mm_watch_set *set, const char *directory, const char *name)
{
    struct mm_watch_place place = {.descriptor = inotify_add_watch(set->fd, directory, EVENTS)};

    /* It went away meanwhile, or is none of ours to watch: the directory above it, if any, will tell. */
    if (place.descriptor < 0)
        return errno == ENOSPC || errno == ENOMEM ? -errno : 0;
    for (unsigned i = 0; i < set->count; i++) {
        if (is_covered(set, &set->places[i], place.descriptor, name))
            return 0;
    }
    if (set->count == MM_WATCH_SET_MAX)
        return 0;
    place.directory = strdup(directory);
    place.name = name ? strdup(name) : NULL;
    if (!place.directory || (name && !place.name)) {
        free(place.directory);
        free(place.name);
        return -ENOMEM;
    }
    set->places[set->count++] = place;
    return 0;
}

/* ---- following a path ------------------------------------------------------------------------------------- */

/* On the heap, as the pages of a stack would stay. */
struct walk {
    char directory[PATH_MAX]; /* as far as it has come; "" is the working directory */
    char rest[PATH_MAX];      /* what is still to go */
    char here[PATH_MAX];      /* the directory and the next name */
    char target[PATH_MAX];    /* of a link; then the path of an entry */
    char joined[PATH_MAX];
    unsigned links;
};

static const char *directory_of(const struct walk *walk)
{
    return walk->directory[0] ? walk->directory : ".";
}

static void join(char *path, size_t size, const char *directory, const char *name)
{
    size_t length = strlen(directory);

    (void)mm_format(path, size, "%s%s%s", directory, length == 0 || directory[length - 1] == '/' ? "" : "/",
                    name);
}

/* Takes the first name of the rest; false at its end. */
static bool next_name(struct walk *walk, char name[static NAME_MAX + 1])
{
    const char *begin = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(begin, "/");

    if (begin > walk->rest && walk->directory[0] == '\0')
        mm_copy_text(walk->directory, sizeof(walk->directory), "/");
    if (length == 0 || length > NAME_MAX)
        return false;
    memcpy(name, begin, length);
    name[length] = '\0';
    memmove(walk->rest, begin + length, strlen(begin + length) + 1);
    return true;
}

/* It is a link: the rest goes on where that points to; false when that is too long, or for a loop. */
static bool follow_link(struct walk *walk)
{
    ssize_t length = readlink(walk->here, walk->target, sizeof(walk->target) - 1);

    if (length <= 0 || ++walk->links > LINKS_MAX)
        return false;
    walk->target[length] = '\0';
    if ((size_t)length + strlen(walk->rest) + 2 > sizeof(walk->joined))
        return false;
    join(walk->joined, sizeof(walk->joined), walk->target, walk->rest + strspn(walk->rest, "/"));
    mm_copy_text(walk->rest, sizeof(walk->rest), walk->joined);
    if (walk->target[0] == '/')
        walk->directory[0] = '\0';
    return true;
}

static int walk_path(struct mm_watch_set *set, const char *path, bool may_enter);

/* The names in the directory where it is, and what links among them point to. */
static int add_directory(struct mm_watch_set *set, struct walk *walk)
{
    int r = add_place(set, walk->here, NULL);
    DIR *directory = r < 0 ? NULL : opendir(walk->here);
    const struct dirent *entry;

    while (r >= 0 && directory && set->count < MM_WATCH_SET_MAX && (entry = readdir(directory))) {
        struct stat status;

        if (!is_entry(set, entry->d_name) ||
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISLNK(status.st_mode))
            continue;
        join(walk->target, sizeof(walk->target), walk->here, entry->d_name);
        r = walk_path(set, walk->target, false);
    }
    if (directory)
        (void)closedir(directory);
    return r;
}

/* Takes the next name of the path: 1 when there may be another one, 0 at the end. */
static int step(struct mm_watch_set *set, struct walk *walk, bool may_enter)
{
    char name[NAME_MAX + 1];
    struct stat status;
    bool is_last;
    int r = 0;

    if (!next_name(walk, name))
        return 0;
    is_last = walk->rest[strspn(walk->rest, "/")] == '\0';
    join(walk->here, sizeof(walk->here), walk->directory, name);
    if (lstat(walk->here, &status) < 0)
        return add_place(set, directory_of(walk), name);
    if (!S_ISDIR(status.st_mode) || is_last)
        r = add_place(set, directory_of(walk), name);
    if (r < 0)
        return r;
    if (S_ISLNK(status.st_mode))
        return follow_link(walk);
    if (is_last && may_enter && S_ISDIR(status.st_mode))
        return add_directory(set, walk);
    mm_copy_text(walk->directory, sizeof(walk->directory), walk->here);
    return 1;
}

/* may_enter: the names in it are meant where it is a directory. So it goes two levels deep at most. */
static int walk_path(struct mm_watch_set *set, const char *path,
                     bool may_enter) /* NOLINT(misc-no-recursion) */
{
    struct walk *walk;
    int r = 1;

    if (strlen(path) >= PATH_MAX)
        return 0;
    walk = calloc(1, sizeof(*walk));
    if (!walk)
        return -ENOMEM;
    mm_copy_text(walk->rest, sizeof(walk->rest), path);
    while (r > 0)
        r = step(set, walk, may_enter);
    free(walk);
    return r;
}

/* ---- the set ----------------------------------------------------------------------------------------------- */

int mm_watch_set_new(const char *const *paths, size_t path_count, const char *suffix,
                     struct mm_watch_set **ret_set)
{
    struct mm_watch_set *set = calloc(1, sizeof(*set));
    int r = 0;

    if (!set)
        return -ENOMEM;
    set->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    set->suffix = strdup(suffix);
    if (set->fd < 0)
        r = -errno;
    else if (!set->suffix)
        r = -ENOMEM;
    for (size_t i = 0; r >= 0 && i < path_count; i++)
        r = walk_path(set, paths[i], true);
    if (r < 0) {
        mm_watch_set_free(set);
        return r;
    }
    *ret_set = set;
    return 0;
}

void mm_watch_set_free(struct mm_watch_set *set)
{
    if (!set)
        return;
    if (set->fd >= 0)
        mm_slow_close_aside(set->fd);
    for (unsigned i = 0; i < set->count; i++) {
        free(set->places[i].directory);
        free(set->places[i].name);
    }
    free(set->suffix);
    free(set);
}

unsigned mm_watch_set_count(const struct mm_watch_set *set)
{
    return set->count;
}

/* ---- events ------------------------------------------------------------------------------------------------ */

/* Somebody has just made it and will close it: that is when it counts. */
static bool is_unfinished(const struct mm_watch_place *place, const struct inotify_event *event)
{
    char path[PATH_MAX];
    struct stat status;

    if (!(event->mask & IN_CREATE) || event->mask & IN_ISDIR)
        return false;
    join(path, sizeof(path), place->directory, event->name);
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

bool mm_watch_set_concerns(const struct mm_watch_set *set, const struct inotify_event *event)
{
    /* Events were lost, or a directory went: nothing is known but that something changed. */
    if (event->mask & (IN_Q_OVERFLOW | IN_UNMOUNT | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
        return true;
    if (event->len == 0)
        return false;
    for (unsigned i = 0; i < set->count; i++) {
        const struct mm_watch_place *place = &set->places[i];

        if (is_covered(set, place, event->wd, event->name))
            return !is_unfinished(place, event);
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing among the cgroup mounts, and paths in them. */
#include "kernel_interface/hierarchy.h"

#include "common/common.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/mountinfo.h"
#include "kernel_interface/process_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A line of mountinfo: two paths and the options; an overlay's may be longer, and is none of ours. */
#define MOUNTINFO_BUFFER_SIZE ((size_t)3 * PATH_MAX)

/* /proc/PID/cgroup of a process in 12 hierarchies; longer lines than this hold no path that we could use. */
#define CGROUP_BUFFER_SIZE 4096U

struct search {
    const char *prefix;
    struct mm_hierarchies *found;
    struct mm_cgroup_mount mount; /* the line being looked at */
};

/* Opens the mount's top when it is better than what was found: shows more, or was mounted over it. */
static void consider(struct mm_hierarchy *hierarchy, const struct search *search, const char *controller)
{
    const struct mm_cgroup_mount *mount = &search->mount;
    char path[2 * PATH_MAX];
    int fd;

    if (hierarchy->top_fd >= 0 && strcmp(hierarchy->mount_point, mount->mount_point) != 0 &&
        strlen(hierarchy->root) <= strlen(mount->root))
        return;
    if (strlen(mount->root) >= sizeof(hierarchy->root) ||
        strlen(mount->mount_point) >= sizeof(hierarchy->mount_point))
        return;
    (void)mm_format(path, sizeof(path), "%s%s", search->prefix, mount->mount_point);
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return; /* hidden by another mount, or not ours to see */
    if (hierarchy->top_fd >= 0)
        (void)close(hierarchy->top_fd);
    hierarchy->is_v2 = mount->is_v2;
    hierarchy->controller = controller;
    hierarchy->top_fd = fd;
    mm_copy_text(hierarchy->mount_point, sizeof(hierarchy->mount_point), mount->mount_point);
    mm_copy_text(hierarchy->root, sizeof(hierarchy->root), mount->root);
}

static int look_at_line(const char *line, size_t length, void *user)
{
    struct search *search = (struct search *)user;

    if (mm_cgroup_mount_parse(line, length, &search->mount) <= 0)
        return 0;
    if (search->mount.is_v2)
        consider(&search->found->unified, search, NULL);
    if (search->mount.is_memory)
        consider(&search->found->memory, search, "memory");
    if (search->mount.is_freezer)
        consider(&search->found->freezer, search, "freezer");
    return 0;
}

/* Whether the v2 hierarchy has the memory controller: "cpuset cpu io memory pids". */
static bool has_v2_memory(const struct mm_hierarchy *unified)
{
    char text[512]; /* all controllers there are need some 80 bytes */
    ssize_t length = mm_read_file(unified->top_fd, "cgroup.controllers", text, sizeof(text));
    const char *cursor = text;
    const char *end = text + length;

    if (length <= 0)
        return false;
    if (text[length - 1] == '\n')
        end--;
    for (;;) {
        struct mm_word word = mm_first_word(&cursor, end);

        if (word.length == 0)
            return false;
        if (mm_word_is(word, "memory"))
            return true;
    }
}

/* Memory on v2 is the unified hierarchy under a second descriptor. */
static int use_unified_for_memory(struct mm_hierarchies *hierarchies)
{
    struct mm_hierarchy *memory = &hierarchies->memory;

    *memory = hierarchies->unified;
    memory->top_fd = fcntl(hierarchies->unified.top_fd, F_DUPFD_CLOEXEC, 3);
    return memory->top_fd < 0 ? -errno : 0;
}

int mm_hierarchies_find(const char *prefix, struct mm_hierarchies *ret_hierarchies)
{
    struct search search = {.prefix = prefix, .found = ret_hierarchies};
    char buffer[MOUNTINFO_BUFFER_SIZE];
    char path[PATH_MAX];
    int r;

    ret_hierarchies->memory.top_fd = -1;
    ret_hierarchies->unified.top_fd = -1;
    ret_hierarchies->freezer.top_fd = -1;
    (void)mm_format(path, sizeof(path), "%s/proc/self/mountinfo", prefix);
    r = mm_read_lines(AT_FDCWD, path, buffer, sizeof(buffer), look_at_line, &search);
    if (r == 0 && ret_hierarchies->memory.top_fd < 0 && ret_hierarchies->unified.top_fd >= 0 &&
        has_v2_memory(&ret_hierarchies->unified))
        r = use_unified_for_memory(ret_hierarchies);
    if (r < 0)
        mm_hierarchies_close(ret_hierarchies);
    return r;
}

static void close_one(struct mm_hierarchy *hierarchy)
{
    if (hierarchy->top_fd >= 0)
        (void)close(hierarchy->top_fd);
    hierarchy->top_fd = -1;
}

void mm_hierarchies_close(struct mm_hierarchies *hierarchies)
{
    close_one(&hierarchies->memory);
    close_one(&hierarchies->unified);
    close_one(&hierarchies->freezer);
}

static bool has_dots(const char *path)
{
    for (const char *part = path; part; part = strchr(part + 1, '/')) {
        const char *name = part + 1;
        size_t length = strcspn(name, "/");

        if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
            return true;
    }
    return false;
}

int mm_hierarchy_open(const struct mm_hierarchy *hierarchy, const char *path)
{
    const char *below = path;
    int fd;

    if (hierarchy->top_fd < 0)
        return -EOPNOTSUPP;
    if (path[0] != '/' || has_dots(path))
        return -EINVAL;
    while (*below == '/')
        below++;
    fd = openat(hierarchy->top_fd, *below ? below : ".", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

int mm_hierarchy_process_path(const struct mm_hierarchy *hierarchy, int proc_fd, pid_t pid, char *ret_path,
                              size_t size)
{
    char buffer[CGROUP_BUFFER_SIZE];
    char full_path[2 * MM_GROUP_PATH_MAX]; /* the mount's root in front of what the caller may see */
    char file[32];
    struct mm_process_cgroup cgroup = {hierarchy->controller, full_path, sizeof(full_path), false};
    const char *below;
    int r;

    if (hierarchy->top_fd < 0)
        return -EOPNOTSUPP;
    (void)mm_format(file, sizeof(file), "%d/cgroup", (int)pid);
    r = mm_read_lines(proc_fd, file, buffer, sizeof(buffer), mm_process_cgroup_parse_line, &cgroup);
    if (r == -ENOENT)
        return -ESRCH;
    if (r < 0)
        return r;
    if (!cgroup.is_found)
        return -ENOENT;
    below = mm_cgroup_path_below(full_path, hierarchy->root);
    if (!below)
        return -ENOENT;
    if (strlen(below) >= size)
        return -ENAMETOOLONG;
    mm_copy_text(ret_path, size, below);
    return 0;
}

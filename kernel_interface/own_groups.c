/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing groups of our own. */
#include "kernel_interface/own_groups.h"

#include "common/common.h"
#include "kernel_interface/directory.h"
#include "kernel_interface/group.h"
#include "kernel_interface/hierarchy.h"
#include "kernel_interface/hot_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Memory, and its twin. */
#define HIERARCHIES_MAX 2
/* Between two attempts to remove a group whose processes are still ending. */
#define RETRY_NS (5 * (long)MM_NS_PER_MS)
/* A demonstration or a bench has a few dozen. */
#define KILLED_AT_ONCE 512

struct mm_own_groups {
    struct mm_hierarchies hierarchies;
    int top_fds[HIERARCHIES_MAX]; /* of /name in each; -1: not there */
    char path[MM_GROUP_PATH_MAX];
};

static int write_at(int directory_fd, const char *file, const char *text)
{
    return mm_write_file(directory_fd, file, 0, text, strlen(text));
}

static int write_number_at(int directory_fd, const char *file, uint64_t number)
{
    char text[32];

    return mm_write_file(directory_fd, file, 0, text,
                         mm_format(text, sizeof(text), "%llu", (unsigned long long)number));
}

/* Without the swap limits the group could spill into swap: not every kernel has them. */
static int set_limit(const struct mm_own_groups *groups, uint64_t limit_bytes)
{
    int fd = groups->top_fds[0];
    int result;

    if (groups->hierarchies.memory.is_v2) {
        result = write_number_at(fd, "memory.max", limit_bytes);
        (void)write_at(fd, "memory.swap.max", "0");
        return result < 0 ? result : write_at(fd, "cgroup.subtree_control", "+memory");
    }
    result = write_number_at(fd, "memory.limit_in_bytes", limit_bytes);
    (void)write_number_at(fd, "memory.memsw.limit_in_bytes", limit_bytes);
    (void)write_at(fd, "memory.swappiness", "0");
    return result;
}

static int make_top(struct mm_own_groups *groups, unsigned index, const struct mm_hierarchy *hierarchy)
{
    const char *name = groups->path + 1;

    if (mkdirat(hierarchy->top_fd, name, 0755) < 0)
        return -errno;
    groups->top_fds[index] = openat(hierarchy->top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (groups->top_fds[index] < 0) {
        int error = -errno;

        (void)unlinkat(hierarchy->top_fd, name, AT_REMOVEDIR);
        return error;
    }
    return 0;
}

static int make_tops(struct mm_own_groups *groups, uint64_t limit_bytes)
{
    const struct mm_hierarchies *hierarchies = &groups->hierarchies;
    int result;

    if (hierarchies->memory.top_fd < 0)
        return -EOPNOTSUPP;
    result = make_top(groups, 0, &hierarchies->memory);
    if (result < 0)
        return result;
    if (!hierarchies->memory.is_v2 && hierarchies->unified.top_fd >= 0) {
        result = make_top(groups, 1, &hierarchies->unified);
        if (result < 0)
            return result;
    }
    result = set_limit(groups, limit_bytes);
    return result == -ENOENT ? -EOPNOTSUPP : result;
}

static int new_unmade(const char *name, struct mm_own_groups **ret_groups)
{
    struct mm_own_groups *groups = calloc(1, sizeof(*groups));
    int result;

    if (!groups)
        return -ENOMEM;
    groups->top_fds[0] = -1;
    groups->top_fds[1] = -1;
    (void)mm_format(groups->path, sizeof(groups->path), "/%s", name);
    result = mm_hierarchies_find("", &groups->hierarchies);
    if (result < 0) {
        free(groups);
        return result;
    }
    *ret_groups = groups;
    return 0;
}

int mm_own_groups_find(const char *name, struct mm_own_groups **ret_groups)
{
    struct mm_own_groups *groups = NULL;
    int result = new_unmade(name, &groups);
    const int tops[HIERARCHIES_MAX] = {result < 0 ? -1 : groups->hierarchies.memory.top_fd,
                                       result < 0 ? -1 : groups->hierarchies.unified.top_fd};

    if (result < 0)
        return result;
    for (unsigned i = 0; i < HIERARCHIES_MAX; i++) {
        if (tops[i] >= 0 && (i == 0 || !groups->hierarchies.memory.is_v2))
            groups->top_fds[i] = openat(tops[i], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    *ret_groups = groups;
    return 0;
}

int mm_own_groups_new(const char *name, uint64_t limit_bytes, struct mm_own_groups **ret_groups)
{
    struct mm_own_groups *groups = NULL;
    int result = new_unmade(name, &groups);

    if (result < 0)
        return result;
    result = make_tops(groups, limit_bytes);
    if (result < 0) {
        (void)mm_own_groups_remove(groups, 0);
        return result;
    }
    *ret_groups = groups;
    return 0;
}

int mm_own_groups_add(struct mm_own_groups *groups, const char *child)
{
    for (unsigned i = 0; i < HIERARCHIES_MAX; i++) {
        if (groups->top_fds[i] >= 0 && mkdirat(groups->top_fds[i], child, 0755) < 0)
            return -errno;
    }
    return 0;
}

int mm_own_groups_join(struct mm_own_groups *groups, const char *child, pid_t pid)
{
    char file[MM_GROUP_PATH_MAX];

    (void)mm_format(file, sizeof(file), "%s/cgroup.procs", child);
    for (unsigned i = 0; i < HIERARCHIES_MAX; i++) {
        int result;

        if (groups->top_fds[i] < 0)
            continue;
        result = write_number_at(groups->top_fds[i], file, (uint64_t)pid);
        if (result < 0)
            return result;
    }
    return 0;
}

const char *mm_own_groups_path(const struct mm_own_groups *groups)
{
    return groups->path;
}

/* Whoever is in the groups below, too. More than fit are met by the next attempt. */
static void kill_processes(int directory_fd)
{
    pid_t pids[KILLED_AT_ONCE];
    ssize_t count = mm_group_processes(directory_fd, pids, MM_ARRAY_SIZE(pids));

    for (ssize_t i = 0; i < MM_MIN(count, (ssize_t)MM_ARRAY_SIZE(pids)); i++) {
        if (pids[i] > 1 && pids[i] != getpid())
            (void)kill(pids[i], SIGKILL);
    }
}

static int remove_child(int directory_fd, const char *name, unsigned char type, void *user)
{
    (void)user;
    if (type == DT_DIR)
        (void)unlinkat(directory_fd, name, AT_REMOVEDIR);
    return 0;
}

/* True when /name is gone from that hierarchy. */
static bool try_remove(const struct mm_own_groups *groups, unsigned index,
                       const struct mm_hierarchy *hierarchy)
{
    if (groups->top_fds[index] < 0)
        return true;
    kill_processes(groups->top_fds[index]);
    (void)mm_each_entry(groups->top_fds[index], remove_child, NULL);
    return unlinkat(hierarchy->top_fd, groups->path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

int mm_own_groups_remove(struct mm_own_groups *groups, unsigned timeout_ms)
{
    const struct timespec pause = {.tv_nsec = RETRY_NS};
    uint64_t attempts;
    bool is_gone = false;

    if (!groups)
        return 0;
    attempts = timeout_ms * MM_NS_PER_MS / (uint64_t)RETRY_NS + 1;
    while (!is_gone && attempts-- > 0) {
        is_gone = try_remove(groups, 0, &groups->hierarchies.memory);
        if (!try_remove(groups, 1, &groups->hierarchies.unified))
            is_gone = false;
        /* no event tells on every hierarchy that a group has become empty */
        if (!is_gone && attempts > 0)
            (void)nanosleep(&pause, NULL);
    }
    for (unsigned i = 0; i < HIERARCHIES_MAX; i++)
        mm_cleanup_close(&groups->top_fds[i]);
    mm_hierarchies_close(&groups->hierarchies);
    free(groups);
    return is_gone ? 0 : -EBUSY;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a group, and what is done to all of them at once. */
#include "kernel_interface/group.h"

#include "common/common.h"
#include "kernel_interface/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper trees than the kernel's own tools make; beyond it a group is refused rather than half read. */
#define DEPTH_MAX 32

#define PROCS_BUFFER_SIZE 4096U

/* More processes than a bundle has; a larger group is killed one by one. */
#define COMPARED_MAX 1024U

struct listing {
    pid_t *pids;
    size_t capacity;
    size_t count;
    int depth;
};

struct pid_visitor {
    mm_pid_visit visit;
    void *user;
};

static int visit_line(const char *line, size_t length, void *user)
{
    const struct pid_visitor *visitor = (const struct pid_visitor *)user;
    const char *cursor = line;
    uint64_t pid;
    int r;

    if (length == 0)
        return 0;
    r = mm_scan_figure(&cursor, line + length, &pid);
    if (r < 0)
        return r;
    if (pid > INT_MAX)
        return -ERANGE;
    visitor->visit((pid_t)pid, visitor->user);
    return 0;
}

int mm_group_visit_own(int directory_fd, mm_pid_visit visit, void *user)
{
    struct pid_visitor visitor = {visit, user};
    char buffer[PROCS_BUFFER_SIZE];
    int r = mm_read_lines(directory_fd, "cgroup.procs", buffer, sizeof(buffer), visit_line, &visitor);

    /* A threaded group: its processes are listed further up. */
    return r == -EOPNOTSUPP ? 0 : r;
}

static void add_process(pid_t pid, void *user)
{
    struct listing *listing = (struct listing *)user;

    if (listing->count < listing->capacity)
        listing->pids[listing->count] = pid;
    listing->count++;
}

static int list_child(int directory_fd, const char *name, unsigned char type, void *user);

static int list_subtree(int directory_fd, struct listing *listing) // NOLINT(misc-no-recursion)
{
    int r = mm_group_visit_own(directory_fd, add_process, listing);

    if (r < 0)
        return r;
    if (listing->depth >= DEPTH_MAX)
        return -ELOOP;
    listing->depth++;
    r = mm_each_entry(directory_fd, list_child, listing);
    listing->depth--;
    return r;
}

static int list_child(int directory_fd, const char *name, unsigned char type,
                      void *user) // NOLINT(misc-no-recursion)
{
    int fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (type != DT_DIR && type != DT_UNKNOWN)
        return 0;
    fd = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    r = list_subtree(fd, (struct listing *)user);
    return r == -ENOENT || r == -ENODEV ? 0 : r; /* removed since; its processes have ended */
}

ssize_t mm_group_processes(int directory_fd, pid_t *ret_pids, size_t capacity)
{
    struct listing listing = {.pids = ret_pids, .capacity = capacity};
    int r = list_subtree(directory_fd, &listing);

    return r < 0 ? mm_group_file_error(directory_fd, r) : (ssize_t)listing.count;
}

/* Shell's method: in place, without the memory that libc's qsort may take. */
static void sort(pid_t *pids, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            pid_t pid = pids[i];
            size_t j = i;

            for (; j >= gap && pids[j - gap] > pid; j -= gap)
                pids[j] = pids[j - gap];
            pids[j] = pid;
        }
    }
}

/* The processes of a subtree in order, each once; -E2BIG when there are too many to compare. */
static ssize_t list_sorted(int directory_fd, pid_t *pids)
{
    ssize_t count = mm_group_processes(directory_fd, pids, COMPARED_MAX);
    ssize_t kept = 0;

    if (count < 0)
        return count;
    if ((size_t)count > COMPARED_MAX)
        return -E2BIG;
    sort(pids, (size_t)count);
    for (ssize_t i = 0; i < count; i++) {
        if (kept == 0 || pids[kept - 1] != pids[i])
            pids[kept++] = pids[i];
    }
    return kept;
}

static int compare_members(int one_fd, int other_fd)
{
    pid_t one[COMPARED_MAX], other[COMPARED_MAX];
    ssize_t one_count = list_sorted(one_fd, one);
    ssize_t other_count = list_sorted(other_fd, other);

    if (one_count < 0)
        return (int)one_count;
    if (other_count < 0)
        return (int)other_count;
    if (one_count != other_count)
        return -EOPNOTSUPP;
    return memcmp(one, other, (size_t)one_count * sizeof(one[0])) == 0 ? 0 : -EOPNOTSUPP;
}

int mm_group_open_twin(const struct mm_hierarchy *unified, const struct mm_group *group)
{
    int fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (group->is_v2) {
        fd = fcntl(group->directory_fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : mm_take_fd(&fd);
    }
    fd = mm_hierarchy_open(unified, group->path);
    if (fd < 0)
        return fd == -ENOENT ? -EOPNOTSUPP : fd;
    /* The two roots hold every process, and never quite the same ones while they are read. */
    r = strcmp(group->path, "/") == 0 ? 0 : compare_members(group->directory_fd, fd);
    if (r < 0)
        return r == -E2BIG ? -EOPNOTSUPP : r;
    return mm_take_fd(&fd);
}

/* -EPERM when killing the group would kill this process or the system's first. */
static int check_members(int directory_fd)
{
    pid_t pids[COMPARED_MAX];
    ssize_t count = mm_group_processes(directory_fd, pids, COMPARED_MAX);

    if (count < 0)
        return (int)count;
    if ((size_t)count > COMPARED_MAX)
        return -EOPNOTSUPP;
    for (ssize_t i = 0; i < count; i++) {
        if (pids[i] == 1 || pids[i] == getpid())
            return -EPERM;
    }
    return 0;
}

int mm_group_kill(int twin_fd)
{
    int r = check_members(twin_fd);

    if (r < 0)
        return r;
    r = mm_write_file(twin_fd, "cgroup.kill", 0, "1", 1);
    return mm_group_file_error(twin_fd, r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether groups of cgroup v2 are frozen: its cgroup.events says of each what it and those above it make of it. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/group_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* FILEID_KERNFS of include/linux/exportfs.h: a file of cgroup v2 by its inode, since 5.5. */
#define HANDLE_TYPE 0xfe

/* 1 or 0; -ENOENT where there is no such file, as in the root, which cannot be frozen. */
static int read_state(int directory_fd)
{
    int fd MM_CLEANUP_CLOSE = openat(directory_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    bool is_populated, is_frozen = false;
    char text[256];
    ssize_t length;
    int r;

    if (fd < 0)
        return -errno;
    length = read(fd, text, sizeof(text) - 1);
    if (length < 0)
        return errno == ENODEV ? -ENOENT : -errno;
    text[length] = '\0';
    r = mm_group_events_parse(text, &is_populated, &is_frozen);
    return r < 0 ? r : is_frozen;
}

int mm_linux_is_frozen(struct mm_kernel *base, pid_t pid)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    const struct mm_hierarchy *unified = &kernel->hierarchies.unified;
    char path[2 * MM_GROUP_PATH_MAX];
    int fd MM_CLEANUP_CLOSE = -1;
    int r = mm_linux_process_path(kernel, unified, pid, path, sizeof(path));

    if (r == 0)
        r = fd = mm_hierarchy_open(unified, path);
    if (r >= 0)
        r = read_state(fd);
    return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

/* ---- by its id ------------------------------------------------------------------------------------------ */

/* A descriptor of the group's directory. */
static int open_by_id(const struct mm_hierarchy *unified, uint64_t group_id)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + sizeof(group_id)];
    } wanted = {.handle = {.handle_bytes = sizeof(group_id), .handle_type = HANDLE_TYPE}};
    /* one of O_PATH will not do */
    int mount_fd MM_CLEANUP_CLOSE = openat(unified->top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd;

    if (mount_fd < 0)
        return -errno;
    memcpy(wanted.space + offsetof(struct file_handle, f_handle), &group_id, sizeof(group_id));
    fd = open_by_handle_at(mount_fd, &wanted.handle, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ESTALE ? -ENOENT : -errno;
    return fd;
}

int mm_linux_read_frozen(struct mm_kernel *base, uint64_t group_id, bool *ret_is_frozen, mm_pid_visit visit,
                         void *user)
{
    const struct mm_hierarchy *unified = &mm_linux(base)->hierarchies.unified;
    int fd MM_CLEANUP_CLOSE = unified->top_fd < 0 ? -ENOENT : open_by_id(unified, group_id);
    int state, r;

    if (fd < 0)
        return fd;
    state = read_state(fd);
    if (state < 0)
        return state;
    *ret_is_frozen = state == 1;
    r = mm_group_visit_own(fd, visit, user);
    return r == -ENODEV ? -ENOENT : r;
}

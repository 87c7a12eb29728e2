/* SPDX-License-Identifier: Apache-2.0 */
/* Whether groups of cgroup v2, or of v1's freezer, are frozen, they or one above them. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/group_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* FILEID_KERNFS of include/linux/exportfs.h: a file of a cgroup hierarchy by its inode, since 5.5. */
#define HANDLE_TYPE 0xfe

/* 1, or 0 also where there is no such hierarchy. */
static int is_frozen_in(struct mm_linux_kernel *kernel, const struct mm_hierarchy *hierarchy,
                        enum mm_group_tree tree, pid_t pid)
{
    struct mm_group_state state = {0};
    char path[2 * MM_GROUP_PATH_MAX];
    int fd MM_CLEANUP_CLOSE = -1;
    int r = mm_linux_process_path(kernel, hierarchy, pid, path, sizeof(path));

    if (r == 0)
        r = fd = mm_hierarchy_open(hierarchy, path);
    if (r >= 0)
        r = mm_group_state_read(fd, tree, &state);
    return r < 0 && r != -ENOENT && r != -EOPNOTSUPP ? r : state.is_frozen;
}

int mm_linux_is_frozen(struct mm_kernel *base, pid_t pid)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    int r = is_frozen_in(kernel, &kernel->hierarchies.unified, MM_GROUP_TREE_DOMAIN, pid);

    return r == 0 ? is_frozen_in(kernel, &kernel->hierarchies.freezer, MM_GROUP_TREE_FREEZER, pid) : r;
}

/* ---- by its id ------------------------------------------------------------------------------------------ */

/* A descriptor of the group's directory. */
static int open_by_id(const struct mm_hierarchy *hierarchy, uint64_t group_id)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + sizeof(group_id)];
    } wanted = {.handle = {.handle_bytes = sizeof(group_id), .handle_type = HANDLE_TYPE}};
    /* one of O_PATH will not do */
    int mount_fd MM_CLEANUP_CLOSE = openat(hierarchy->top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
    const struct mm_hierarchies *hierarchies = &mm_linux(base)->hierarchies;
    bool is_freezer = (group_id & MM_GROUP_ID_OF_FREEZER) != 0;
    const struct mm_hierarchy *hierarchy = is_freezer ? &hierarchies->freezer : &hierarchies->unified;
    int fd MM_CLEANUP_CLOSE =
        hierarchy->top_fd < 0 ? -ENOENT : open_by_id(hierarchy, group_id & ~MM_GROUP_ID_OF_FREEZER);
    struct mm_group_state state;
    int r;

    if (fd < 0)
        return fd;
    r = mm_group_state_read(fd, is_freezer ? MM_GROUP_TREE_FREEZER : MM_GROUP_TREE_DOMAIN, &state);
    if (r < 0)
        return r;
    *ret_is_frozen = state.is_frozen;
    r = mm_group_visit_own(fd, visit, user);
    return r == -ENODEV ? -ENOENT : r;
}

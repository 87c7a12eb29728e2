/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One killer for each domain: a lock on a file of the domain itself, which whoever manages it finds, whatever
 * directories and mounts it has. A file that only root may open, where there is one: anybody can lock what
 * anybody can read.
 */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* Opened for writing, never written: v2 from 5.14; v1. */
static const char *const group_files[] = {"cgroup.kill", "memory.force_empty"};
/* Opened for reading, never read: where a service manager has /proc/sys read-only, too. */
static const char *const machine_files[] = {"vmallocinfo", "slabinfo"};

static int open_first(int directory_fd, const char *const *names, size_t count, int mode)
{
    int r = -ENOENT;

    for (size_t i = 0; i < count; i++) {
        int fd = openat(directory_fd, names[i], mode | O_CLOEXEC | O_NOFOLLOW);

        if (fd >= 0)
            return fd;
        r = -errno;
        if (r != -ENOENT)
            break;
    }
    return r;
}

static int open_lock(const struct mm_linux_kernel *kernel)
{
    int fd;

    if (!kernel->is_group_domain)
        return open_first(kernel->proc_fd, machine_files, MM_ARRAY_SIZE(machine_files), O_RDONLY);
    fd = open_first(kernel->levels[0]->directory_fd, group_files, MM_ARRAY_SIZE(group_files), O_WRONLY);
    if (fd != -ENOENT)
        return fd;
    fd = openat(kernel->levels[0]->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int mm_linux_lock_domain(struct mm_linux_kernel *kernel)
{
    int fd MM_CLEANUP_CLOSE = open_lock(kernel);

    if (fd < 0)
        return fd;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    kernel->lock_fd = mm_take_fd(&fd);
    return 0;
}

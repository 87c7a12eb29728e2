/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this machine has its cgroups: found through mountinfo, never assumed. The memory controller may sit
 * on v1 or on v2; on a hybrid machine the v2 hierarchy has no memory controller, but kill, freeze and
 * pressure.
 */
#ifndef MM_KERNEL_INTERFACE_HIERARCHY_H
#define MM_KERNEL_INTERFACE_HIERARCHY_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_hierarchy {
    bool is_v2;
    const char *controller; /* as in /proc/PID/cgroup; NULL for v2 */
    int top_fd;             /* the mount's top directory, O_PATH; -1: no such hierarchy */
    char mount_point[MM_GROUP_PATH_MAX];
    char root[MM_GROUP_PATH_MAX]; /* the part of the hierarchy that is mounted */
};

struct mm_hierarchies {
    struct mm_hierarchy memory;  /* v1 or v2 */
    struct mm_hierarchy unified; /* v2, with or without memory */
    struct mm_hierarchy freezer; /* v1 */
};

/*
 * Looks at prefix/proc/self/mountinfo. A mount whose own path is as long as MM_GROUP_PATH_MAX is passed over. Of several mounts of one hierarchy the one that shows most of it is
 * taken. Returns 0 also when there is nothing; an error only when mountinfo cannot be read.
 */
int mm_hierarchies_find(const char *prefix, struct mm_hierarchies *ret_hierarchies);
void mm_hierarchies_close(struct mm_hierarchies *hierarchies);

/* The directory of a group, O_PATH. Paths begin with '/'; -EINVAL for one with "." or ".." in it. */
int mm_hierarchy_open(const struct mm_hierarchy *hierarchy, const char *path);

/*
 * The path of a process below the mount. -ESRCH: no such process; -ENOENT: it is in no group that the mount
 * shows; -EOPNOTSUPP: there is no such hierarchy. buffer is for reading.
 */
int mm_hierarchy_process_path(const struct mm_hierarchy *hierarchy, int proc_fd, pid_t pid, char *ret_path,
                              size_t size);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup mounts of /proc/self/mountinfo, and paths in them. */
#ifndef MM_KERNEL_INTERFACE_MOUNTINFO_H
#define MM_KERNEL_INTERFACE_MOUNTINFO_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One mount of a cgroup hierarchy. */
struct mm_cgroup_mount {
    bool is_v2;
    bool is_memory;  /* v1 with the memory controller */
    bool is_freezer; /* v1 with the freezer controller */
    /* Which part of the hierarchy is mounted: "/" for all of it, "/docker/4f2a" for a bind mount or a
       container's view. */
    char root[PATH_MAX];
    char mount_point[PATH_MAX];
};

/*
 * One line. 1 and *ret_mount for a mount of a cgroup hierarchy, 0 for any other; -EINVAL for what is no line
 * of mountinfo, -ENAMETOOLONG.
 */
int mm_cgroup_mount_parse(const char *line, size_t length, struct mm_cgroup_mount *ret_mount);

/* Whether path is top, or lies below it on whole components: "/a" contains "/a/b" and not "/ab". */
bool mm_cgroup_path_is_within(const char *path, const char *top);

/*
 * A process' path in the hierarchy as the path below a mount of it: "/docker/4f2a/app" under the root
 * "/docker/4f2a" is "/app". NULL when the mount does not show it.
 */
const char *mm_cgroup_path_below(const char *path, const char *root);

#ifdef __cplusplus
}
#endif

#endif

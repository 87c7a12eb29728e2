/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups that a program makes for itself and takes away again: a domain with a limit and groups below it, on
 * the memory hierarchy and, on a hybrid machine, on its v2 twin. For the demonstration and for benches.
 */
#ifndef MM_KERNEL_INTERFACE_OWN_GROUPS_H
#define MM_KERNEL_INTERFACE_OWN_GROUPS_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_own_groups;

/*
 * Makes the group /name, limited to limit_bytes without swap. -EOPNOTSUPP: no memory controller, or on v2 one
 * that is not enabled for children of the root; -EACCES, -EPERM, -EROFS: not allowed; -EEXIST.
 */
int mm_own_groups_new(const char *name, uint64_t limit_bytes, struct mm_own_groups **ret_groups);

/* The group /name that somebody made, to take it away; where there is none, nothing. What the system said. */
int mm_own_groups_find(const char *name, struct mm_own_groups **ret_groups);

/* Makes /name/child. */
int mm_own_groups_add(struct mm_own_groups *groups, const char *child);

/* Moves a process into /name/child; pid 0: the caller. */
int mm_own_groups_join(struct mm_own_groups *groups, const char *child, pid_t pid);

/* "/name". */
const char *mm_own_groups_path(const struct mm_own_groups *groups);

/* Kills whatever is left in the groups, removes them, frees. Waits up to timeout_ms for the processes to be
   gone. 0, or -EBUSY when a group could not be removed. Accepts NULL. */
int mm_own_groups_remove(struct mm_own_groups *groups, unsigned timeout_ms);

#ifdef __cplusplus
}
#endif

#endif

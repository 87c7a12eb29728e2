/* SPDX-License-Identifier: Apache-2.0 */
/* Whether somebody is in a group, and whether it stands still. */
#ifndef MM_KERNEL_INTERFACE_GROUP_STATE_H
#define MM_KERNEL_INTERFACE_GROUP_STATE_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_group_state {
    bool is_populated; /* v2 alone says so */
    bool is_frozen;    /* it, or one above it */
};

/* "populated 1\nfrozen 0\n", of cgroup.events; -EINVAL without a line on populated. */
int mm_group_state_parse(const char *text, struct mm_group_state *ret_state);

/*
 * Of the group's open directory. On v1 a group whose processes are still on their way to standing still counts as frozen:
 * when they have arrived nobody tells. -ENOENT where there is no such file: in the root, which cannot be frozen, in a
 * group that is gone, on v1 without the freezer; or what the kernel said.
 */
int mm_group_state_read(int directory_fd, enum mm_group_tree tree, struct mm_group_state *ret_state);

#ifdef __cplusplus
}
#endif

#endif

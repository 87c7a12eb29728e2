/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process may do by its capabilities, and what is lost without each: pure. CAP_KILL and CAP_SYS_RESOURCE are
 * not among them: what they are for has features of its own (MM_FEATURE_KILL_OTHERS, MM_FEATURE_OOM_SCORE_ADJ_LOWER).
 */
#ifndef MM_KERNEL_INTERFACE_CAPABILITIES_H
#define MM_KERNEL_INTERFACE_CAPABILITIES_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_capability {
    enum mm_feature_id feature;
    const char *name;
    unsigned number;         /* of linux/capability.h: its bit in the sets of /proc/PID/status */
    bool has_substitute;     /* CAP_SYS_ADMIN will do, as it did before kernel 5.8 */
    bool is_of_initial_only; /* in another user namespace than the initial one it gives nothing */
    const char *lost_without;
};

const struct mm_capability *mm_capabilities(size_t *ret_count);

/* Whether it is there, by the effective set, and why: "CAP_SYS_ADMIN stands in", "no CAP_CHOWN: ...". */
bool mm_capability_judge(const struct mm_capability *capability, uint64_t effective,
                         bool is_initial_namespace, char *reason, size_t size);

#ifdef __cplusplus
}
#endif

#endif

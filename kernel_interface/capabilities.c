/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/capabilities.h"

#include "common/common.h"

/* Numbers and not linux/capability.h, which a C library's own kernel headers may have from before the younger two. */
#define SYS_ADMIN 21U

static const struct mm_capability capabilities[] = {
    {.feature = MM_FEATURE_CAP_DAC_OVERRIDE,
     .name = "CAP_DAC_OVERRIDE",
     .number = 1,
     .lost_without = "oom_score_adj and groups of other users are not written"},
    {.feature = MM_FEATURE_CAP_DAC_READ_SEARCH,
     .name = "CAP_DAC_READ_SEARCH",
     .number = 2,
     .lost_without = "who is in a frozen group is found by asking all, later"},
    {.feature = MM_FEATURE_CAP_SYS_PTRACE,
     .name = "CAP_SYS_PTRACE",
     .number = 19,
     .lost_without = "what others run, or /proc hides of them, is not seen"},
    {.feature = MM_FEATURE_CAP_IPC_LOCK,
     .name = "CAP_IPC_LOCK",
     .number = 14,
     .is_of_initial_only = true,
     .lost_without = "memory is locked as far as RLIMIT_MEMLOCK goes"},
    {.feature = MM_FEATURE_CAP_SYS_NICE,
     .name = "CAP_SYS_NICE",
     .number = 23,
     .lost_without = "no real-time scheduling, reapers at everybody's priority"},
    {.feature = MM_FEATURE_CAP_CHOWN,
     .name = "CAP_CHOWN",
     .number = 0,
     .lost_without = "the control socket is not given to its group"},
    {.feature = MM_FEATURE_CAP_BPF,
     .name = "CAP_BPF",
     .number = 39,
     .has_substitute = true,
     .is_of_initial_only = true,
     .lost_without = "no BPF programs; the connector or scans tell of processes"},
    {.feature = MM_FEATURE_CAP_PERFMON,
     .name = "CAP_PERFMON",
     .number = 38,
     .has_substitute = true,
     .is_of_initial_only = true,
     .lost_without = "no BPF programs; the connector or scans tell of processes"},
    {.feature = MM_FEATURE_CAP_NET_ADMIN,
     .name = "CAP_NET_ADMIN",
     .number = 12,
     .is_of_initial_only = true,
     .lost_without = "no process connector, which stands in where BPF is missing"},
    {.feature = MM_FEATURE_CAP_SETUID,
     .name = "CAP_SETUID",
     .number = 7,
     .lost_without = "what reads files and matches rules stays this user"},
    {.feature = MM_FEATURE_CAP_SETGID,
     .name = "CAP_SETGID",
     .number = 6,
     .lost_without = "what reads files and matches rules stays of this group"},
};

const struct mm_capability *mm_capabilities(size_t *ret_count)
{
    *ret_count = MM_ARRAY_SIZE(capabilities);
    return capabilities;
}

static bool has(uint64_t effective, unsigned number)
{
    return effective >> number & 1;
}

bool mm_capability_judge(const struct mm_capability *capability, uint64_t effective,
                         bool is_initial_namespace, char *reason, size_t size)
{
    const char *holder = has(effective, capability->number)                        ? capability->name
                         : capability->has_substitute && has(effective, SYS_ADMIN) ? "CAP_SYS_ADMIN"
                                                                                   : NULL;

    if (!holder)
        (void)mm_format(reason, size, "no %s: %s", capability->name, capability->lost_without);
    else if (capability->is_of_initial_only && !is_initial_namespace)
        (void)mm_format(reason, size, "%s of a user namespace: %s", holder, capability->lost_without);
    else
        (void)mm_format(reason, size, "%s%s", holder, holder == capability->name ? "" : " stands in");
    return holder && (is_initial_namespace || !capability->is_of_initial_only);
}
